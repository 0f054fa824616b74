"""Strategies see no fall where a dividend or a split was, trade at real prices, and know of no later ex-date."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.signal import Sizing
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.continuity import factors_of, in_traded_prices, seen_through, step_over
from alphaloop.engine.panel import Floats, Series, make_panel, make_series
from alphaloop.engine.rule_arrays import lay_ground
from alphaloop.engine.strategy import Signals, load_strategy, mark_episodes

DAY = 86_400_000
FIRST = (date(2024, 1, 1) - date(1970, 1, 1)).days
# 10 for 10 shares on the fourth day, then half a yuan in cash on the seventh.
SPLIT = CorporateAction(date(2024, 1, 4), bonus=Decimal(1))
CASH = CorporateAction(date(2024, 1, 8), cash=Decimal("0.5"))
SYMBOL = "SH600000@sse"


def share() -> Instrument:
    return Instrument(
        symbol=SYMBOL,
        asset_class=AssetClass.EQUITY,
        base="SH600000",
        quote="CNY",
        tick=Decimal("0.01"),
        lot=Decimal(1),
        min_notional=Decimal(0),
        calendar="XSHG",
        can_short=False,
        market="cn_a",
        board="main",
        listed=date(2000, 1, 1),
    )


def bars() -> tuple[Series, Floats]:
    """Ten sessions of a share worth 10 at first, and what one first share was really worth."""
    days = [day for day in range(FIRST, FIRST + 14) if (day + 3) % 7 < 5][:10]
    worth = np.array([10.0, 10.2, 10.4, 10.6, 10.4, 10.2, 10.0, 10.2, 10.4, 10.6])
    dates = np.array(days)
    traded = np.where(dates >= FIRST + 3, worth / 2, worth)
    traded = np.where(dates >= FIRST + 7, traded - 0.5, traded)
    ts = dates.astype(np.int64) * DAY
    return make_series(SYMBOL, ts, traded, traded, traded, traded, np.full(10, 1e6), close_ms=ts + DAY), worth


def factors(rows: int | None = None) -> Floats:
    series, _ = bars()
    part = series._replace(**{name: getattr(series, name)[:rows] for name in Series._fields[1:]})
    panel = make_panel(part)
    ground = lay_ground(panel, [share()], broker_rate=0.0, actions={SYMBOL: [SPLIT, CASH]})
    found = factors_of(panel, ground)
    assert found is not None
    return found


def test_a_split_and_a_dividend_leave_no_step() -> None:
    series, worth = bars()
    panel = make_panel(series)
    seen = seen_through(panel, factors())
    assert seen.close[:5, 0] == pytest.approx(worth[:5])
    returns = seen.close[1:, 0] / seen.close[:-1, 0] - 1.0
    assert np.abs(returns).max() < 0.03
    assert seen.volume[0, 0] == 1e6
    assert seen.volume[4, 0] == pytest.approx(5e5)


def test_no_later_ex_date_is_known() -> None:
    whole = factors()
    for rows in range(2, 11):
        assert np.array_equal(factors(rows), whole[:rows])


def test_bar_by_bar_it_is_the_same() -> None:
    series, _ = bars()
    known, found = 1.0, []
    for ts, close_before in zip(series.ts_ms, np.r_[np.nan, series.close[:-1]], strict=True):
        due = [one for one in (SPLIT, CASH) if (one.ex_date - date(1970, 1, 1)).days == ts // DAY]
        if due:
            known *= step_over(due, float(close_before))
        found.append(known)
    assert np.array(found) == pytest.approx(factors()[:, 0])


def test_levels_come_back_in_traded_prices() -> None:
    rows = factors()
    ones = np.ones_like(rows)
    made = in_traded_prices(
        Signals(ones, mark_episodes(ones), Sizing.WEIGHT, stop=9.0 * ones, take=None, trail=1.0 * ones), rows
    )
    assert made.stop is not None
    assert made.trail is not None
    assert made.stop[0, 0] == 9.0
    assert made.stop[4, 0] == pytest.approx(4.5)
    assert made.trail[4, 0] == pytest.approx(0.5)
    assert made.take is None


def test_a_backtest_shows_the_strategy_the_same_shares_and_trades_at_real_prices() -> None:
    series, _ = bars()
    strategy = load_strategy("reversion/bollinger")
    params = strategy.parse({"period": 3, "width": 0.9})
    made = run_backtest(strategy, series, params, cash=100_000, instruments=[share()], actions={SYMBOL: [SPLIT, CASH]})
    assert np.array_equal(made.panel.close[:, 0], series.close)
    prices = made.fills.price[made.fills.price > 0]
    assert all(price in series.open for price in prices.tolist())
    # The halving and the cash are no fall through the band; only the slow decline of the days between is.
    bought = made.fills.row[(made.fills.quantity > 0) & (made.fills.price > 0)]
    assert 4 not in bought.tolist()
