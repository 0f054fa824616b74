"""Rules laid out as arrays: sessions, dated limits, first days, hedged columns, and what is refused."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from alphaloop.core.calendar import find_calendar
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.signal import Sizing
from alphaloop.engine.panel import Panel, make_panel, make_series
from alphaloop.engine.rule_arrays import Stake, lay_ground
from alphaloop.engine.simulate import FillReason, Rules, simulate
from alphaloop.engine.strategy import Signals, mark_episodes

D = Decimal
DAY_MS = 86_400_000
MAIN = Instrument("600000@XSHG", AssetClass.EQUITY, "600000", "CNY", D("0.01"), D(100), ZERO, "XSHG")
PERP = Instrument(
    "ETH/USDT:USDT@binance", AssetClass.PERPETUAL, "ETH", "USDT", ZERO, ZERO, ZERO, "24x7", can_short=True
)


def days_from(first: date, closes: list[float], name: str = "A") -> Panel:
    ts = (first.toordinal() - date(1970, 1, 1).toordinal() + np.arange(len(closes))) * DAY_MS
    c = np.array(closes)
    return make_panel(make_series(name, ts, c, c, c, c, np.full(len(c), 1e6)))


def column(*values: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=float).reshape(-1, 1)


def test_a_limit_that_changes_by_date_changes_on_that_date() -> None:
    chinext = replace(MAIN, symbol="300750@XSHE", calendar="XSHE")
    ground = lay_ground(days_from(date(2020, 8, 20), [10.0] * 6), [chinext])
    assert ground.up[:, 0].tolist() == [np.inf, 11.0, 11.0, 11.0, 12.0, 12.0]  # from Monday the 24th


def test_the_first_sessions_of_a_listing_have_no_limit() -> None:
    star = replace(MAIN, symbol="688001@XSHG", listed=date(2024, 5, 6))
    ground = lay_ground(days_from(date(2024, 5, 6), [10.0] * 8), [star])
    # 6 to 10 May are five sessions; the 13th is the first with limits.
    assert ground.up[:, 0].tolist() == [np.inf] * 5 + [12.0] * 3


def test_minutes_belong_to_their_session_in_every_zone() -> None:
    new_york = replace(MAIN, symbol="AAPL@XNAS", quote="USD", calendar="XNAS")
    moments = ["2024-03-08T15:30", "2024-03-08T20:59", "2024-03-11T13:30", "2024-03-11T19:59"]  # summer time begins
    ts = np.array([np.datetime64(text, "ms").astype(np.int64) for text in moments])
    flat = np.full(4, 100.0)
    ground = lay_ground(make_panel(make_series("A", ts, flat, flat, flat, flat, flat)), [new_york])
    assert ground.day[:, 0].tolist() == [0, 0, 1, 1]


def test_a_night_session_is_the_next_trading_day_in_the_arrays_too() -> None:
    rebar = replace(MAIN, symbol="RB2410@XSGE", asset_class=AssetClass.FUTURE, calendar="CN-23")
    shanghai = ["2024-09-26T14:00", "2024-09-26T21:00", "2024-09-27T09:00", "2024-09-27T21:30", "2024-09-30T09:00"]
    ts = np.array([np.datetime64(text, "ms").astype(np.int64) - 8 * 3_600_000 for text in shanghai])
    flat = np.full(5, 3000.0)
    ground = lay_ground(make_panel(make_series("A", ts, flat, flat, flat, flat, flat)), [rebar])
    assert ground.day[:, 0].tolist() == [0, 1, 1, 2, 2]
    assert find_calendar("CN-23").session_date is not None


def test_an_ex_date_during_a_suspension_counts_at_the_resumption() -> None:
    closes = [10.0, 10.0, float("nan"), float("nan"), 5.0]
    panel = days_from(date(2024, 5, 6), [10.0, 10.0, 10.0, 10.0, 5.0])
    held = np.isnan(closes)
    blank = {
        name: np.where(held.reshape(-1, 1), np.nan, getattr(panel, name)) for name in ("open", "high", "low", "close")
    }
    panel = panel._replace(**blank)
    action = CorporateAction(date(2024, 5, 8), bonus=D(1))
    ground = lay_ground(panel, [MAIN], actions={MAIN.symbol: [action]})
    assert ground.up[:, 0].tolist() == [np.inf, 11.0, 5.5, 5.5, 5.5]
    made = simulate(
        panel,
        Signals(column(100, 100, 100, 100, 100), mark_episodes(column(100, 100, 100, 100, 100)), sizing=Sizing.UNITS),
        Rules(cash=10_000),
        ground=ground,
    )
    assert made.quantity.tolist() == [200.0]
    assert FillReason.BONUS in made.fills.reason.tolist()


def test_long_and_short_of_one_contract_are_two_columns() -> None:
    """Hedge mode: both sides stand beside each other and share the account's margin."""
    flat = np.full(4, 100.0)
    ts = 19_723 * DAY_MS + np.arange(4) * 3_600_000
    both = [make_series(side, ts, flat, flat, flat, flat, flat) for side in ("long", "short")]
    target = np.column_stack([np.full(4, 5.0), np.full(4, -3.0)])
    ground = lay_ground(make_panel(both), [PERP, PERP], stakes={PERP.symbol: Stake(D(10))})
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    made = simulate(make_panel(both), signals, Rules(cash=100, can_short=True), ground=ground)
    assert made.quantity.tolist() == [5.0, -3.0]
    assert made.stopped == -1
    assert made.equity[-1] == pytest.approx(100)


def test_margin_bounds_what_is_opened() -> None:
    panel = days_from(date(2024, 5, 6), [100.0] * 3)
    signals = Signals(column(50, 50, 50), mark_episodes(column(50, 50, 50)), sizing=Sizing.UNITS)
    ground = lay_ground(panel, [PERP], stakes={PERP.symbol: Stake(D(10))})
    made = simulate(panel, signals, Rules(cash=100, can_short=True), ground=ground)
    assert made.quantity.tolist() == [10.0]  # 100 of margin carries 1000


def test_the_brackets_of_the_day_count() -> None:
    btc = replace(PERP, symbol="BTC/USDT:USDT@binance")
    panel = days_from(date(2021, 6, 20), [100.0] * 4)
    ground = lay_ground(panel, [btc], stakes={btc.symbol: Stake(D(10))})
    tops = [float(ground.brackets[kind, 4, 0]) for kind in ground.kind[:, 0]]
    assert tops == [10_000_000.0, 10_000_000.0, 5_000_000.0, 5_000_000.0]  # from 22 June 2021


def test_after_a_liquidation_nothing_trades_and_equity_stands_still() -> None:
    panel = days_from(date(2024, 5, 6), [100.0, 100.0, 80.0, 100.0, 120.0])
    target = column(10, 10, 10, 5, 10)
    signals = Signals(target, mark_episodes(target), sizing=Sizing.UNITS)
    ground = lay_ground(panel, [PERP], stakes={PERP.symbol: Stake(D(10))})
    made = simulate(panel, signals, Rules(cash=100, can_short=True), ground=ground)
    assert made.stopped == 2
    assert made.fills.reason.tolist() == [FillReason.SIGNAL, FillReason.LIQUIDATION]
    assert made.equity[2:].tolist() == [made.equity[2]] * 3


def test_an_instrument_without_a_market_or_without_a_column_is_refused() -> None:
    panel = days_from(date(2024, 5, 6), [10.0, 10.0])
    with pytest.raises(InvalidError) as refused:
        lay_ground(panel, [replace(MAIN, symbol="600000@NOWHERE")])
    assert refused.value.code == "no_market"
    with pytest.raises(InvalidError) as refused:
        lay_ground(panel, [MAIN, MAIN])
    assert refused.value.code == "wrong_instruments"


@pytest.mark.parametrize("share", [-0.001, 0.02, float("nan")])
def test_a_tolerance_that_would_take_ordinary_days_for_limits_is_refused(share: float) -> None:
    with pytest.raises(InvalidError, match="by_ratio"):
        lay_ground(days_from(date(2024, 5, 6), [10.0, 10.0]), [MAIN], by_ratio=share)
