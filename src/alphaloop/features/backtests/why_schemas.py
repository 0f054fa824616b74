"""Asking a stored run about one bar, on the wire."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from alphaloop.infra.http.wire import Count, Symbol, Wire


class WhyAsked(Wire):
    """A bar of a run: its `row` (negative: from the end), or a time `ts`, which means the newest bar that had begun by
    then. `instrument` is one of the run's; none means its first."""

    ts: Annotated[Count, Field(ge=0)] | None = None
    row: Annotated[Count, Field(ge=-(2**31), lt=2**31)] | None = None
    instrument: Symbol | None = None

    @model_validator(mode="after")
    def _names_one_bar(self) -> Self:
        if (self.ts is None) == (self.row is None):
            raise ValueError("give either ts or row")
        return self
