import math

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.luck import market_luck, resample_bars, trade_chances
from alphaloop.engine.honesty.periods import all_series, between
from alphaloop.engine.panel import Series, make_series
from tests.engine.honesty.planted import DICE, FOLLOWER, PROPHET, Params, noisy, trending


def test_the_same_order_gives_the_same_market_back() -> None:
    bars = trending(rows=200)
    again = resample_bars(bars, np.arange(199))
    assert isinstance(again, Series)
    for ours, theirs in zip(again[1:], bars[1:], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_drawn_market_is_sound_and_moves_as_its_rows_did() -> None:
    bars = trending(rows=300)
    rows = np.random.default_rng(1).integers(0, 299, 299)
    drawn = resample_bars(bars, rows)
    assert isinstance(drawn, Series)
    make_series(*drawn[:2], *drawn[3:], close_ms=drawn.close_ms)
    moves, real = np.diff(np.log(drawn.close)), np.diff(np.log(bars.close))
    np.testing.assert_allclose(moves, real[rows], atol=1e-12)


def test_instruments_are_drawn_together_and_keep_their_gaps() -> None:
    one = trending(1, 300)
    late = between(trending(1, 300), 100, 300)
    assert isinstance(late, Series)
    rows = np.random.default_rng(2).integers(0, 299, 299)
    first, second = all_series(resample_bars([one, late._replace(name="Y")], rows))
    assert len(first.close) == 300
    assert len(second.close) == int(np.sum(rows + 1 >= 100))
    shared = np.isin(first.ts_ms[1:], second.ts_ms[1:])
    moves = dict(zip(first.ts_ms[1:].tolist(), (first.high[1:] / first.close[:-1]).tolist(), strict=True))
    theirs = second.high[1:] / second.close[:-1]
    # The late one's first bar has no close before it, so its draw moves from itself.
    same = np.isclose(theirs, [moves[ts] for ts in second.ts_ms[1:].tolist()])
    assert same.mean() > 0.97
    assert shared.sum() == len(second.close) - 1


def test_following_a_trend_is_better_than_on_shuffled_bars_and_dice_are_not() -> None:
    follower = market_luck(FOLLOWER, trending(rows=2500), Params(20), draws=40, block=1)
    assert follower.probability < 0.05
    assert follower.value > follower.quantiles[-1]
    dice = [market_luck(DICE, noisy(seed), Params(7), draws=40, block=1).probability for seed in range(4)]
    assert np.mean(dice) > 0.15
    assert follower.told == follower.draws == 40
    alike = market_luck(FOLLOWER, trending(rows=2500), Params(20), draws=40)
    assert alike.block > 20
    assert alike.loss_chance < 0.1
    assert alike.quantiles[2] > follower.quantiles[2]


def test_riding_the_drift_alone_is_not_called_skill() -> None:
    rising = trending(3, 800, memory=0.0)
    closes = {name: getattr(rising, name) * np.exp(0.002 * np.arange(800)) for name in ("open", "high", "low", "close")}
    highest = np.maximum.reduce(list(closes.values()))
    bars = rising._replace(**{**closes, "high": highest})
    found = market_luck(FOLLOWER, bars, Params(2), draws=40, block=1, metric="total_return")
    assert found.value > 0
    assert found.loss_chance == 0.0
    assert found.probability > 0.05


def test_a_prophet_sees_through_any_order_which_is_why_looking_ahead_is_asked_first() -> None:
    assert market_luck(PROPHET, noisy(), Params(), draws=20, block=1).probability > 0.2


def test_trades_are_drawn_as_returns_on_the_equity_at_their_entry() -> None:
    result = run_backtest(FOLLOWER, trending(), Params(20), cash=1000.0)
    luck = trade_chances(result, draws=300)
    assert luck.trades == len(result.trades)
    assert luck.growth[0] < (result.metrics["total_return"] or 0.0) < luck.growth[-1]
    flat = run_backtest(FOLLOWER, trending(), Params(20), cash=1000.0, start_bar=1498)
    assert math.isnan(trade_chances(flat).loss_chance)


def test_market_rules_have_no_dates_to_hang_on() -> None:
    with pytest.raises(InvalidError) as refusal:
        market_luck(FOLLOWER, trending(), Params(), instruments=[object()])
    assert refusal.value.code == "no_dates"
