"""How a strategy stands in an address: by its id, or by its key, which may hold one slash."""

from starlette.convertors import Convertor, register_url_convertor

from alphaloop.features.catalog.schemas import StrategyKey


class StrategyConvertor(Convertor[str]):
    """`7`, `chan/multi_level`, `user:my_idea`, `my:0a1b2c`; what follows (`/runs`) is not taken for part of it."""

    regex = r"[0-9]{1,18}|[a-z][a-z0-9_]*/[a-z][a-z0-9_]*|[a-z]+:[a-z0-9_]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("strategy", StrategyConvertor())

Named = StrategyKey
"""Id or key of a strategy, as a path parameter `{key:strategy}`."""
