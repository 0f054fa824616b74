"""What can be traded: its canonical name, the grid its prices and quantities live on, its calendar and its market."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from alphaloop.core.errors import InvalidError
from alphaloop.core.money import ZERO, floor_step, on_grid

_CANONICAL = re.compile(r"[A-Z0-9][A-Z0-9._/:\-]{0,39}@[A-Za-z0-9][A-Za-z0-9_\-]{0,23}", re.ASCII)


class AssetClass(StrEnum):
    CRYPTO = "CRYPTO"
    PERPETUAL = "PERPETUAL"
    EQUITY = "EQUITY"
    ETF = "ETF"
    INDEX = "INDEX"
    FUTURE = "FUTURE"
    FX = "FX"
    OPTION = "OPTION"


@dataclass(frozen=True, slots=True)
class Instrument:
    """`symbol` is canonical: `BTC/USDT@binance`, `AAPL@XNAS`, `600519@XSHG`, `BTC/USDT:USDT@binance` for a perpetual.

    `tick` is the price grid, `lot` the quantity grid, `min_notional` the least price x quantity of an order, all in
    quote currency units where they are money; 0 means no grid or no minimum. `market` and `board` name the rules it
    trades under (`engine/markets`); left empty, they follow from asset class, venue and code. `listed` is the first
    session, where it matters. Quantities are in base units: a contract of ten tons is a lot of 10.
    """

    symbol: str
    asset_class: AssetClass
    base: str
    quote: str
    tick: Decimal
    lot: Decimal
    min_notional: Decimal
    calendar: str
    can_short: bool = False
    market: str = ""
    board: str = ""
    listed: date | None = None

    def __post_init__(self) -> None:
        check_symbol(self.symbol)
        if min(self.tick, self.lot, self.min_notional) < ZERO:
            raise InvalidError("tick, lot and minimum notional are not negative.", code="bad_instrument")

    @property
    def venue(self) -> str:
        return self.symbol.rpartition("@")[2]

    @property
    def code(self) -> str:
        return self.symbol.rpartition("@")[0]

    def price_on_grid(self, price: Decimal) -> bool:
        return on_grid(price, self.tick)

    def quantity_on_grid(self, quantity: Decimal) -> bool:
        return on_grid(quantity, self.lot)

    def floor_quantity(self, quantity: Decimal) -> Decimal:
        return floor_step(quantity, self.lot)


def check_symbol(symbol: str) -> str:
    """The symbol itself when it is canonical, else InvalidError."""
    if not _CANONICAL.fullmatch(symbol):
        raise InvalidError(
            "An instrument is written NAME@VENUE, such as BTC/USDT@binance.",
            code="bad_symbol",
            fields=(("instrument", "bad_symbol"),),
        )
    return symbol
