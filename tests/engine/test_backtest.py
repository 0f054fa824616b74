"""A backtest against a plain loop written the long way, and what its report promises."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import periods_per_year, result_rows, run_backtest
from alphaloop.engine.panel import Series, make_panel, make_series
from alphaloop.engine.portfolio import round_trips
from alphaloop.engine.simulate import Fills
from alphaloop.engine.strategy import load_strategy
from alphaloop.lab import load

BOLLINGER = load_strategy("reversion/bollinger")


def walk(seed: int, rows: int) -> Series:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, rows)))
    opened = np.r_[100.0, close[:-1]] * (1 + rng.normal(0, 0.002, rows))
    high, low = np.maximum(opened, close) * 1.003, np.minimum(opened, close) * 0.997
    return make_series("X", np.arange(rows) * 86_400_000, opened, high, low, close, np.ones(rows))


def by_hand(
    bars: Series, period: int, width: float, cash: float, fee: float, *, start: int, close: bool
) -> tuple[int, float]:
    """(closed trades, final equity) of the Bollinger rule, one bar at a time and nothing shared with the engine."""
    units, trades = 0.0, 0
    order = ""
    closes = bars.close.tolist()
    for t in range(len(closes)):
        price = bars.open[t]
        for now in (False, True):
            if now:
                price = closes[t]
                if t >= start and t >= period - 1:
                    window = np.array(closes[t - period + 1 : t + 1])
                    middle, reach = window.mean(), width * window.std()
                    before = np.array(closes[t - period : t])
                    if units > 0 and closes[t] >= middle:
                        order = "sell"
                    elif units == 0 and t >= period and closes[t] < middle - reach:
                        order = "buy" if closes[t - 1] >= before.mean() - width * before.std() else order
            if order and now == close:
                if order == "buy":
                    units, cash = cash / (price * (1 + fee)), 0.0
                else:
                    cash, units, trades = units * price * (1 - fee), 0.0, trades + 1
                order = ""
    return trades, cash + units * closes[-1]


@given(st.integers(0, 10**6), st.integers(5, 30), st.sampled_from([0.0, 0.001]), st.booleans(), st.integers(0, 60))
@settings(max_examples=60, deadline=None)
def test_the_bollinger_backtest_equals_the_same_rule_by_hand(
    seed: int, period: int, fee: float, close: bool, later: int
) -> None:
    bars = walk(seed, 300)
    start = period + later
    result = run_backtest(
        BOLLINGER,
        bars,
        BOLLINGER.parse({"period": period, "width": 1.5}),
        cash=50_000,
        fee=fee,
        fill="close" if close else "open",
        start_bar=start,
    )
    trades, equity = by_hand(bars, period, 1.5, 50_000, fee, start=start, close=close)
    assert result.metrics["trades"] == trades
    assert result.metrics["final_equity"] == pytest.approx(equity, rel=1e-9)


def test_the_sample_series_gives_the_same_figures_by_hand() -> None:
    bars = load("sample").series
    result = run_backtest(BOLLINGER, bars, BOLLINGER.parse({}), cash=100_000, fee=0.0005)
    trades, equity = by_hand(bars, 20, 2.0, 100_000, 0.0005, start=19, close=False)
    assert (result.metrics["trades"], trades) == (92, 92)
    assert result.metrics["final_equity"] == pytest.approx(equity, rel=1e-9)


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_profits_of_the_trades_add_up_to_the_equity(seed: int) -> None:
    result = run_backtest(BOLLINGER, walk(seed, 300), BOLLINGER.parse({"width": 1.0}), cash=1000, fee=0.002)
    held = sum(result.fills.quantity)
    if abs(held) < 1e-9:
        assert result.metrics["final_equity"] == pytest.approx(1000 + sum(trade.pnl for trade in result.trades))
    assert result.metrics["fees"] == pytest.approx(result.fills.fee.sum())
    for trade in result.trades:
        assert trade.side == "BUY"
        assert trade.exit_row > trade.entry_row
        gross = (trade.exit_price - trade.entry_price) * trade.quantity
        assert trade.pnl == pytest.approx(gross - trade.fees)


def test_a_fill_that_crosses_zero_ends_one_trade_and_begins_the_next() -> None:
    panel = make_panel(walk(1, 5))
    fills = Fills(
        row=np.array([0, 1, 2]),
        column=np.zeros(3, dtype=np.int64),
        quantity=np.array([2.0, -6.0, 4.0]),
        price=np.array([10.0, 12.0, 11.0]),
        fee=np.array([0.2, 0.6, 0.4]),
        reason=np.zeros(3, dtype=np.int64),
        episode=np.zeros(3, dtype=np.int64),
    )
    long, short = round_trips(fills, panel)
    assert (long.side, long.quantity, long.entry_price, long.exit_price) == ("BUY", 2, 10, 12)
    assert long.fees == pytest.approx(0.4)
    assert long.pnl == pytest.approx(3.6)
    assert (short.side, short.quantity, short.entry_row, short.exit_row) == ("SELL", 4, 1, 2)
    assert short.pnl == pytest.approx(4 - 0.8)


def test_the_run_id_changes_with_data_parameters_and_rules_and_with_nothing_else() -> None:
    bars, params = walk(1, 100), BOLLINGER.parse({})

    def named(series: Series = bars, **changes: object) -> str:
        given: dict[str, object] = {"cash": 1000.0} | changes
        chosen = given.pop("params", params)
        return run_backtest(BOLLINGER, series, chosen, **given).run_id  # type: ignore[arg-type]

    close = bars.close.copy()
    close[50] *= 1.0001
    ids = [
        named(),
        named(cash=1001.0),
        named(fee=0.001),
        named(start_bar=30),
        named(whole=True),
        named(params=BOLLINGER.parse({"period": 21})),
        named(bars._replace(close=close)),
        run_backtest(replace(BOLLINGER, source_hash="other"), bars, params, cash=1000.0).run_id,
    ]
    assert len(set(ids)) == len(ids)
    assert named() == ids[0]


def test_too_few_bars_and_a_start_within_the_warmup_are_typed_errors() -> None:
    params = BOLLINGER.parse({"period": 20})
    with pytest.raises(InvalidError) as few:
        run_backtest(BOLLINGER, walk(1, 19), params)
    assert few.value.code == "too_few_bars"
    with pytest.raises(InvalidError) as early:
        run_backtest(BOLLINGER, walk(1, 100), params, start_bar=18)
    assert early.value.code == "start_within_warmup"
    with pytest.raises(InvalidError) as late:
        run_backtest(BOLLINGER, walk(1, 100), params, start_bar=100)
    assert late.value.code == "bad_start"


def test_the_rows_are_plain_json_with_the_labels_of_the_source() -> None:
    bars = walk(3, 200)
    result = run_backtest(BOLLINGER, bars, BOLLINGER.parse({"width": 1.0}), cash=1000, start_bar=40)
    labels = [f"day {row}" for row in range(200)]
    rows = json.loads(json.dumps(result_rows(result, labels), allow_nan=False))
    assert [row["ts"] for row in rows["equity"]] == labels
    assert rows["equity"][-1]["equity"] == rows["metrics"]["final_equity"]
    assert set(rows["trades"][0]) >= {
        "entry_ts",
        "exit_ts",
        "side",
        "quantity",
        "entry_price",
        "exit_price",
        "fees",
        "pnl",
    }
    assert rows["trades"][0]["entry_ts"] == labels[result.trades[0].entry_row]
    assert min(trade.entry_row for trade in result.trades) > 40
    assert "trades" in str(result)


def test_no_trade_leaves_figures_unknown_instead_of_zero_or_infinite() -> None:
    result = run_backtest(BOLLINGER, walk(1, 60), BOLLINGER.parse({"width": 9.0}), cash=1000)
    assert result.metrics["trades"] == 0
    assert result.metrics["final_equity"] == 1000
    assert [result.metrics[name] for name in ("sharpe", "win_rate", "profit_factor", "calmar")] == [None] * 4


def test_rows_per_year_follow_the_data() -> None:
    assert periods_per_year(np.arange(100) * 1_800_000) == pytest.approx(17_532, rel=1e-3)
    assert np.isnan(periods_per_year(np.array([5])))


@pytest.mark.data
def test_real_bars_of_two_markets_trade(test_data: Path) -> None:
    for file in ("crypto/binance/BTCUSDT/30m", "equity_cn/sse_szse/SH600519/1d", "crypto/binance/ETHUSDT/1h"):
        bars = load(test_data / f"data/bars/{file}.parquet").series
        trades, equity = by_hand(bars, 20, 2.0, 100_000, 0.001, start=19, close=False)
        result = run_backtest(BOLLINGER, bars, BOLLINGER.parse({}), cash=100_000, fee=0.001)
        assert result.metrics["trades"] == trades > 0
        assert result.metrics["final_equity"] == pytest.approx(equity, rel=1e-9)


def test_what_could_not_be_filled_is_told_to_people_and_programs() -> None:
    bars, params = walk(3, 200), BOLLINGER.parse({})
    poor = run_backtest(BOLLINGER, bars, params, cash=50.0, whole=True)
    asked = poor.unfilled.entries
    assert asked > 0
    counts = result_rows(poor)["unfilled"]["entries"]
    assert counts == {"asked": asked, "unfilled": asked, "never": asked, "reasons": {"lot": asked}}
    assert f"unfillable entries: {asked} of {asked} (lot {asked}; {asked} never filled)" in str(poor)
    # Where no market binds and nothing was missed, the report stays as short as it was.
    rich = run_backtest(BOLLINGER, bars, params)
    assert "unfillable" not in str(rich)
    assert result_rows(rich)["unfilled"]["entries"]["unfilled"] == 0
