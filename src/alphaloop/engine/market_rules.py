"""The rules of a market are dated records, one file per market; whoever trades asks the same object what holds today.

`find_market` reads `engine/markets/<market>.toml`, `rules_on` narrows it to one board on one day. A record without an
end still holds; two records of one kind that hold at once are an error, and so is a key nobody knows.
"""

import re
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from datetime import date, time, timedelta
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any

from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.day_rules import (
    Bracket,
    Cage,
    DayRules,
    Funding,
    Limit,
    Lot,
    Margin,
    Notice,
    Phase,
    Roll,
    Settlement,
    Tick,
)
from alphaloop.engine.fees import Charge

_ONE_OF_A_KIND = {
    "lot": Lot,
    "tick": Tick,
    "limit": Limit,
    "settlement": Settlement,
    "cage": Cage,
    "margin": Margin,
    "funding": Funding,
    "roll": Roll,
}
_MANY_OF_A_KIND = {"fee": Charge, "phase": Phase, "notice": Notice, "bracket": Bracket}
_NAMES = {"fee": "name", "phase": "name", "notice": "code", "bracket": "floor"}


@dataclass(frozen=True, slots=True)
class Dated:
    """One rule with the days on which it holds (both included), for some boards or all, and where it is written."""

    rule: Any
    boards: tuple[str, ...]
    first: date
    last: date
    source: str
    confirmed: bool

    def holds(self, board: str, day: date) -> bool:
        return self.first <= day <= self.last and (not self.boards or board in self.boards)


@dataclass(frozen=True, slots=True)
class Board:
    key: str
    title: dict[str, str]
    venues: tuple[str, ...] = ()
    codes: re.Pattern[str] | None = None

    def fits(self, instrument: Instrument) -> bool:
        if self.codes is None or (self.venues and instrument.venue not in self.venues):
            return False
        return self.codes.fullmatch(instrument.code) is not None


@dataclass(frozen=True, slots=True)
class Preset:
    """What an account for this market starts with: play money, what to compare with, colours, the broker's rate."""

    cash: Decimal
    benchmark: str
    colours: str
    commission: Decimal
    slippage_bps: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Market:
    """One file: which instruments it is about, and every dated rule by kind."""

    market: str
    title: dict[str, str]
    currency: str
    calendar: str
    classes: tuple[str, ...]
    venues: tuple[str, ...] = ()
    money_step: Decimal = Decimal("0.01")
    preset: Preset | None = None
    boards: tuple[Board, ...] = ()
    rules: dict[str, tuple[Dated, ...]] = field(default_factory=dict)

    def board_of(self, instrument: Instrument) -> str:
        """The board an instrument states, else the first whose codes it fits; '' where the market has none."""
        if instrument.board:
            if all(board.key != instrument.board for board in self.boards):
                raise InvalidError(f"{self.market} has no board called {instrument.board}.", code="unknown_board")
            return instrument.board
        return next((board.key for board in self.boards if board.fits(instrument)), "")

    def changes(self, board: str) -> list[date]:
        """Every first day of something else on that board, ascending."""
        found: set[date] = set()
        for kind in self.rules.values():
            for dated in kind:
                if not dated.boards or board in dated.boards:
                    found.add(dated.first)
                    if dated.last != date.max:
                        found.add(dated.last + timedelta(days=1))
        return sorted(found)

    def on(self, board: str, day: date) -> DayRules:
        """What holds on that board that day."""
        single = {kind: self._one(kind, board, day) for kind in _ONE_OF_A_KIND}
        many = {kind: tuple(d.rule for d in self.rules[kind] if d.holds(board, day)) for kind in _MANY_OF_A_KIND}
        return DayRules(
            market=self.market,
            board=board,
            money_step=self.money_step,
            lot=single["lot"] or Lot(),
            tick=single["tick"] or Tick(),
            limit=single["limit"],
            settlement=single["settlement"] or Settlement(),
            cage=single["cage"],
            margin=single["margin"],
            funding=single["funding"],
            roll=single["roll"],
            charges=many["fee"],
            phases=many["phase"],
            notices=many["notice"],
            brackets=tuple(sorted(many["bracket"], key=lambda bracket: bracket.floor)),
        )

    def _one(self, kind: str, board: str, day: date) -> Any:
        return next((dated.rule for dated in self.rules[kind] if dated.holds(board, day)), None)


@lru_cache(maxsize=1)
def all_markets() -> dict[str, Market]:
    """Every market that came with the package, by key. A file that cannot be understood stops the start."""
    found = {}
    for file in sorted(files("alphaloop.engine.markets").iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            market = parse_market(file.read_text(encoding="utf-8"), name=file.name)
            found[market.market] = market
    return found


def find_market(instrument: Instrument) -> Market | None:
    """The market an instrument states, else the one that lists its venue and class, else its class; None for none."""
    markets = all_markets()
    if instrument.market:
        try:
            return markets[instrument.market]
        except KeyError:
            raise InvalidError(f"There is no market called {instrument.market}.", code="unknown_market") from None
    fitting = [market for market in markets.values() if instrument.asset_class.value in market.classes]
    for market in fitting:
        if instrument.venue in market.venues:
            return market
    return next((market for market in fitting if not market.venues), None)


def rules_on(instrument: Instrument, day: date) -> DayRules:
    """The rules of an instrument on a day; one without a market has the grid it states itself, and `market` is ''."""
    market = find_market(instrument)
    if market is None:
        return DayRules(market="", board="").of(instrument)
    return _narrowed(market.market, market.board_of(instrument), day).of(instrument)


@lru_cache(maxsize=4096)
def _narrowed(market: str, board: str, day: date) -> DayRules:
    return all_markets()[market].on(board, day)


def parse_market(text: str, *, name: str = "market.toml") -> Market:
    """A market from its file; InvalidError 'bad_market_file' names the key that is unknown, missing or overlaps."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _bad(name, f"it is not TOML: {error}") from None
    reader = _Reader(name)
    boards = tuple(reader.board(one) for one in raw.pop("board", []))
    keys = {board.key for board in boards}
    rules: dict[str, tuple[Dated, ...]] = {}
    for kind, made in (_ONE_OF_A_KIND | _MANY_OF_A_KIND).items():
        rules[kind] = tuple(reader.dated(kind, made, one, keys) for one in raw.pop(kind, []))
        reader.refuse_overlaps(kind, rules[kind], keys or {""})
    preset = reader.record(Preset, raw.pop("preset"), "preset") if "preset" in raw else None
    market: Market = reader.record(Market, raw | {"preset": preset, "boards": boards, "rules": rules}, "market")
    return market


def _bad(name: str, why: str) -> InvalidError:
    return InvalidError(f"{name}: {why}.", code="bad_market_file")


class _Reader:
    """Turns parsed TOML into records and says which file and key was wrong."""

    def __init__(self, name: str) -> None:
        self.name = name

    def board(self, raw: dict[str, Any]) -> Board:
        codes = raw.get("codes")
        made: Board = self.record(Board, raw | {"codes": re.compile(codes, re.ASCII) if codes else None}, "board")
        return made

    def dated(self, kind: str, made: type, raw: dict[str, Any], boards: set[str]) -> Dated:
        rest = dict(raw)
        try:
            first, source = rest.pop("from"), rest.pop("source")
        except KeyError as missing:
            raise _bad(self.name, f"a {kind} says no {missing}") from None
        last = rest.pop("to", date.max)
        confirmed, wanted = rest.pop("confirmed", True), tuple(rest.pop("boards", ()))
        if unknown := set(wanted) - boards:
            raise _bad(self.name, f"a {kind} is about the unknown board {min(unknown)}")
        if type(first) is not date or type(last) is not date or last < first:
            raise _bad(self.name, f"a {kind} has days that make no span")
        return Dated(self.record(made, rest, kind), wanted, first, last, source, confirmed)

    def record(self, made: type, raw: dict[str, Any], kind: str) -> Any:
        known = {one.name: one for one in fields(made)}
        if unknown := set(raw) - set(known):
            raise _bad(self.name, f"{kind} has the unknown key {min(unknown)}")
        for one in known.values():
            if one.name not in raw and one.default is MISSING and one.default_factory is MISSING:
                raise _bad(self.name, f"{kind} lacks {one.name}")
        return made(**{key: self._value(known[key].type, value, f"{kind}.{key}") for key, value in raw.items()})

    def _value(self, wanted: Any, value: Any, where: str) -> Any:
        try:
            if wanted in (Decimal, Decimal | None) and value is not None:
                if not isinstance(value, str):
                    raise ValueError("a number with a fraction is written as text")
                return Decimal(value)
            if isinstance(value, list):
                return tuple(tuple(Decimal(x) for x in row) if isinstance(row, list) else row for row in value)
        except (ValueError, ArithmeticError) as error:
            raise _bad(self.name, f"{where}: {error}") from None
        fits = {str: str, int: int, bool: bool, time: time}
        if wanted in fits and type(value) is not fits[wanted]:
            raise _bad(self.name, f"{where} is not a {wanted.__name__}")
        return value

    def refuse_overlaps(self, kind: str, many: tuple[Dated, ...], boards: set[str]) -> None:
        label = _NAMES.get(kind)
        for at, one in enumerate(many):
            for other in many[at + 1 :]:
                same = label is None or getattr(one.rule, label) == getattr(other.rule, label)
                together = set(one.boards or boards) & set(other.boards or boards)
                if same and together and one.first <= other.last and other.first <= one.last:
                    raise _bad(self.name, f"two records of {kind} hold at once from {max(one.first, other.first)}")
