"""From a source's own spelling to the canonical instrument: `BTCUSDT` is `BTC/USDT@binance`, `SH600519` is
`600519@XSHG`. Ticks, lots and minimums are the venue's usual ones, else follow from how the prices are written."""

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from alphaloop.core.calendar import Calendar, find_calendar
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument, check_symbol
from alphaloop.core.money import ONE, ZERO
from alphaloop.engine.market_rules import find_market, rules_on
from alphaloop.features.market import known_names as known

_CHINA = re.compile(r"(SH|SZ|BJ)(\d{6})", re.ASCII)
_HONG_KONG = re.compile(r"HK0*(\d{1,5})", re.ASCII)
_QUOTES = "USDT|USDC|FDUSD|BUSD|TUSD|USD|CNY|EUR|BTC|ETH|BNB"
_COIN = re.compile(rf"([A-Z0-9]{{2,12}}?)[-_/]?({_QUOTES})", re.ASCII)
_STABLE = frozenset({"USDT", "USDC", "FDUSD", "BUSD", "TUSD"})
_PLACE = re.compile(r"[^A-Za-z0-9_\-]+")
_EXCHANGE = re.compile(r"X[A-Z]{3}", re.ASCII)
_CHINA_VENUES = {"SH": "XSHG", "SZ": "XSHE", "BJ": "XBSE"}
_CHINA_PLACES = {venue: place for place, venue in _CHINA_VENUES.items()}


@dataclass(frozen=True, slots=True)
class Naming:
    """An instrument with what people call it; `alias` is the short spelling shown and accepted as input."""

    instrument: Instrument
    alias: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Hints:
    """What a source says around a symbol: asset and venue folders, quote currency, tick text, decimals, a price."""

    asset: str = ""
    venue: str = ""
    quote: str = ""
    tick: str = ""
    decimals: int = 2
    price: float = 0.0

    @property
    def tick_size(self) -> Decimal:
        """The stated tick, else one unit of the last decimal that the prices use (at most eight)."""
        try:
            stated = Decimal(self.tick) if self.tick else ZERO
        except ArithmeticError:
            stated = ZERO
        return stated if stated.is_finite() and stated > 0 else ONE.scaleb(-min(self.decimals, 8))


def calendar_of(naming: Naming) -> Calendar:
    return find_calendar(naming.instrument.calendar)


def name_instrument(raw: str, hints: Hints) -> Naming:
    """The instrument behind a source's spelling; InvalidError 'unknown_symbol' when it says too little.

    A canonical `NAME@VENUE` is taken as written. Guesses go from the most telling spelling to the least.
    """
    if "@" in raw:
        symbol, venue = check_symbol(raw).rsplit("@", 1)
        return _under_rules(_name_canonical(symbol, venue, hints))
    text = raw.strip().upper()
    for rule in (_china, _hong_kong, _index, _future, _fx, _coin, _us):
        named = rule(text, hints)
        if named is not None:
            return _under_rules(named)
    raise InvalidError(
        "This symbol is not known; write it as NAME@VENUE, such as BTC/USDT@binance.",
        code="unknown_symbol",
        fields=(("instrument", "unknown_symbol"),),
    )


def _under_rules(named: Naming) -> Naming:
    return replace(named, instrument=under_rules(named.instrument))


def under_rules(instrument: Instrument) -> Instrument:
    """The instrument with its market and board written out, and with the lot and tick those state today.

    A tick that depends on the price stays what the instrument itself says. InvalidError for a market or board there
    is not."""
    market = find_market(instrument)
    if market is None:
        return instrument
    placed = replace(instrument, market=market.market, board=market.board_of(instrument))
    rules = rules_on(placed, date.max)
    assert rules.lot.step is not None  # the instrument's own where the market states none
    ticks = rules.tick.table
    return replace(placed, lot=rules.lot.step, tick=ticks[0][1] if len(ticks) == 1 else instrument.tick)


def _name_canonical(name: str, venue: str, hints: Hints) -> Naming:
    """An instrument somebody named in full; its kind follows from the venue and the spelling."""
    if venue in _CHINA_PLACES and re.fullmatch(r"\d{6}", name, re.ASCII):
        return _need(_china(_CHINA_PLACES[venue] + name, hints))
    if venue == "XHKG" and re.fullmatch(r"\d{1,5}", name, re.ASCII):
        return _need(_hong_kong("HK" + name, hints))
    if "/" in name:
        base, _, quote = name.partition("/")
        quote, _, settle = quote.partition(":")
        if base in known.CURRENCIES and quote in known.CURRENCIES:
            return _pair(base, quote, venue, hints)
        return _crypto(base, quote, venue, hints, perpetual=bool(settle))
    if venue in ("XNAS", "XNYS", "ARCX", "US"):
        return _stock(name, venue, hints)
    if name in known.INDICES and known.INDICES[name][0] == venue:
        return _need(_index(name, hints))
    kind = AssetClass.INDEX if "index" in hints.asset else AssetClass.EQUITY
    # A venue of somebody's own has whatever hours they keep; one that is spelled like an exchange must be known.
    calendar = venue if _EXCHANGE.fullmatch(venue) else "24x7"
    return Naming(
        _make(f"{name}@{venue}", kind, name, hints, calendar=calendar, lot=Decimal("0.0001")), name, name, name
    )


def _china(text: str, hints: Hints) -> Naming | None:
    found = _CHINA.fullmatch(text)
    if found is None:
        return None
    place, code = found.groups()
    index = (place == "SH" and code.startswith("000")) or (place == "SZ" and code.startswith("399"))
    zh, en = known.CHINA.get(text, (code, code))
    instrument = Instrument(
        symbol=f"{code}@{_CHINA_VENUES[place]}",
        asset_class=AssetClass.INDEX if index else AssetClass.EQUITY,
        base=code,
        quote="CNY",
        tick=Decimal("0.01"),
        lot=Decimal("0.01") if index else Decimal(100),
        min_notional=ZERO,
        calendar=_CHINA_VENUES[place],
    )
    return Naming(instrument, text, zh, en)


def _hong_kong(text: str, hints: Hints) -> Naming | None:
    found = _HONG_KONG.fullmatch(text)
    if found is None:
        return None
    code = f"{int(found[1]):05d}"
    zh, en = known.HONG_KONG.get(code, (code, code))
    instrument = _make(f"{code}@XHKG", AssetClass.EQUITY, code, hints, quote="HKD", calendar="XHKG", lot=Decimal(100))
    return Naming(instrument, f"HK{code}", zh, en)


def _index(text: str, hints: Hints) -> Naming | None:
    if text not in known.INDICES or hints.asset not in ("index", ""):
        return None
    venue, zh, en = known.INDICES[text]
    instrument = _make(
        f"{text}@{venue}",
        AssetClass.INDEX,
        text,
        hints,
        quote="USD",
        calendar="XNYS",
        lot=Decimal("0.01"),
        tick=Decimal("0.01"),
        can_short=True,
    )
    return Naming(instrument, text, zh, en)


def _future(text: str, hints: Hints) -> Naming | None:
    if hints.asset == "futures_cn":
        product = text.rstrip("0123456789")
        calendar = known.CHINA_NIGHTS.get(product, "CN-23")
        venue, zh, en = known.CHINA_FUTURES.get(product, ("CNF", product, product))
        month = text.removeprefix(product)
        named = (f"{zh}连续", f"{en} (CN continuous)") if month == "0" else (f"{zh} {month}", f"{en} {month}")
    elif hints.asset in ("futures_global", "commodity"):
        venue, zh, en = known.GLOBAL_FUTURES.get(text, ("FUT", text, text))
        calendar, named = known.FUTURES_HOURS.get(venue, ""), (zh, en)
    elif "future" in hints.asset:
        venue, named = "XEUR" if hints.venue == "eurex" else _place(hints, "FUT"), (text, text)
        calendar = known.FUTURES_HOURS.get(venue, "")
    else:
        return None
    instrument = _make(f"{text}@{venue}", AssetClass.FUTURE, text, hints, calendar=calendar, lot=ONE, can_short=True)
    return Naming(instrument, text, *named)


def _fx(text: str, hints: Hints) -> Naming | None:
    pair = re.sub(r"[-_/]", "", text)
    base, quote = pair[:3], pair[3:]
    if base not in known.CURRENCIES or quote not in known.CURRENCIES:
        return None
    return _pair(base, quote, _place(hints, "FX"), hints)


def _pair(base: str, quote: str, venue: str, hints: Hints) -> Naming:
    zh = f"{known.CURRENCIES[base]}/{known.CURRENCIES[quote]}"
    instrument = _make(
        f"{base}/{quote}@{venue}",
        AssetClass.FX,
        base,
        hints,
        quote=quote,
        calendar="24x5" if venue in known.UTC_DAYS else "FX",
        lot=ONE,
        can_short=True,
    )
    return Naming(instrument, f"{base}{quote}", zh, f"{base}/{quote}")


def _coin(text: str, hints: Hints) -> Naming | None:
    found = _COIN.fullmatch(text)
    if found is None:
        if hints.asset != "crypto" or not hints.quote or not re.fullmatch(r"[A-Z0-9]{2,12}", text, re.ASCII):
            return None
        return _crypto(text, hints.quote.upper(), _place(hints, "binance"), hints)
    base, quote = found.groups()
    if hints.asset != "crypto" and quote not in _STABLE and base not in known.CRYPTO:
        return None
    return _crypto(base, quote, _place(hints, "binance"), hints)


def _crypto(base: str, quote: str, venue: str, hints: Hints, *, perpetual: bool = False) -> Naming:
    tick, lot, least = hints.tick_size, _small_lot(hints.price), Decimal(5) if quote in _STABLE else ZERO
    filters = known.BINANCE_FILTERS.get(base + quote) if venue == "binance" else None
    if filters is not None:
        tick, lot, least = (Decimal(text) for text in filters)
    zh, en = known.CRYPTO.get(base, (base, base))
    symbol = f"{base}/{quote}:{quote}@{venue}" if perpetual else f"{base}/{quote}@{venue}"
    instrument = Instrument(
        symbol=symbol,
        asset_class=AssetClass.PERPETUAL if perpetual else AssetClass.CRYPTO,
        base=base,
        quote=quote,
        tick=tick,
        lot=lot,
        min_notional=least,
        calendar="24x7",
        can_short=perpetual,
    )
    return Naming(instrument, base + quote + (".P" if perpetual else ""), zh + ("永续" if perpetual else ""), en)


def _us(text: str, hints: Hints) -> Naming | None:
    listed = text in known.US_FUNDS or text in known.NASDAQ or text in known.NYSE
    if hints.asset != "equity_us" and not (listed and not hints.asset):
        return None
    if not re.fullmatch(r"[A-Z][A-Z0-9.\-]{0,9}", text, re.ASCII):
        return None
    if text in known.NASDAQ:
        return _stock(text, "XNAS", hints)
    if text in known.US_FUNDS:
        return _stock(text, "ARCX", hints)
    return _stock(text, "XNYS" if text in known.NYSE else "US", hints)


def _stock(name: str, venue: str, hints: Hints) -> Naming:
    zh, en = known.US_NAMES.get(name, (name, name))
    instrument = _make(
        f"{name}@{venue}",
        AssetClass.ETF if name in known.US_FUNDS else AssetClass.EQUITY,
        name,
        hints,
        quote="USD",
        calendar="XNAS" if venue == "XNAS" else "XNYS",
        lot=ONE,
        tick=Decimal("0.01"),
        can_short=True,
    )
    return Naming(instrument, name, zh, en)


def _make(
    symbol: str,
    asset_class: AssetClass,
    base: str,
    hints: Hints,
    *,
    calendar: str,
    lot: Decimal,
    quote: str = "",
    tick: Decimal | None = None,
    can_short: bool = False,
) -> Instrument:
    return Instrument(
        symbol=symbol,
        asset_class=asset_class,
        base=base[:16],
        quote=(quote or hints.quote.upper() or "USD")[:16],
        tick=tick if tick is not None else hints.tick_size,
        lot=lot,
        min_notional=ZERO,
        calendar=find_calendar(calendar).key,
        can_short=can_short,
    )


def _need(named: Naming | None) -> Naming:
    assert named is not None  # the caller has matched the spelling already
    return named


def _small_lot(price: float) -> Decimal:
    """A power of ten worth roughly 0.1 to 1 unit of the quote currency: the usual step of a coin venue."""
    if price <= 0:
        return Decimal("0.00001")
    exponent = max(-8, min(0, -len(str(int(price))))) if price >= 1 else 0
    return ONE.scaleb(exponent)


def _place(hints: Hints, fallback: str) -> str:
    return _PLACE.sub("", hints.venue)[:24].strip("_-") or fallback
