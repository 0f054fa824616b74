import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty.walk_forward import purged_splits, walk_forward
from tests.engine.honesty.planted import DICE, FOLLOWER, Params, noisy, trending

CANDIDATES = [Params(period) for period in (5, 20, 60)]


def test_splits_touch_neither_each_other_nor_what_was_purged() -> None:
    splits = purged_splits(1003, 5, first=3, purge=7)
    assert [split.test for split in splits] == [(378, 503), (503, 628), (628, 753), (753, 878), (878, 1003)]
    assert all(split.train[1] == split.test[0] - 7 for split in splits)
    assert [split.train[0] for split in splits] == [3, 128, 253, 378, 503]
    assert {split.train[0] for split in purged_splits(1003, 5, first=3, anchored=True)} == {3}
    assert purged_splits(1010, 5, first=3)[-1].test[1] == 1010


def test_splits_that_would_hold_nothing_are_refused() -> None:
    for given in ({"rows": 10, "folds": 5}, {"rows": 100, "folds": 2, "purge": 60}):
        with pytest.raises(InvalidError) as refusal:
            purged_splits(**given)
        assert refusal.value.code == "too_few_bars"
    with pytest.raises(InvalidError) as refusal:
        purged_splits(100, 0)
    assert refusal.value.code == "bad_folds"


def test_every_choice_is_the_best_of_its_own_past_and_trades_behind_it() -> None:
    bars = trending()
    found = walk_forward(FOLLOWER, bars, CANDIDATES, folds=4, fee=0.001, cash=1000.0)
    assert len(found.folds) == 4
    for fold in found.folds:
        (since, until), (begin, end) = fold.split
        past = {
            params.period: run_backtest(
                FOLLOWER, _cut(bars, until), params, start_bar=since, fee=0.001, cash=1000.0
            ).metrics["sharpe"]
            for params in CANDIDATES
        }
        assert fold.params["period"] == max(past, key=lambda period: past[period] or 0.0)
        assert fold.in_sample == max(value or 0.0 for value in past.values())
        later = run_backtest(
            FOLLOWER, _cut(bars, end), Params(fold.params["period"]), start_bar=begin, fee=0.001, cash=1000.0
        )
        assert fold.gained == pytest.approx(later.metrics["total_return"])
    assert found.total_return == pytest.approx(np.prod([1 + fold.gained for fold in found.folds]) - 1)
    assert len(found.equity) == 1500 - found.first_row + 1


def test_an_edge_goes_on_and_picked_noise_does_not() -> None:
    edge = walk_forward(FOLLOWER, trending(rows=2500), CANDIDATES, anchored=True)
    assert edge.sharpe > 0.5
    assert edge.efficiency > 0.5
    assert edge.probability > 0.95
    dice = [walk_forward(DICE, noisy(seed), [Params(knob) for knob in range(2, 60)]) for seed in (3, 4, 5)]
    assert np.mean([fold.in_sample for one in dice for fold in one.folds]) > 1.0
    assert np.mean([one.efficiency for one in dice]) < 0.3
    assert max(one.probability for one in dice) < 0.95


def test_nothing_to_choose_among_is_refused() -> None:
    with pytest.raises(InvalidError) as refusal:
        walk_forward(FOLLOWER, trending(), [])
    assert refusal.value.code == "no_candidates"


def _cut(bars, rows):  # type: ignore[no-untyped-def]
    return bars._replace(**{name: getattr(bars, name)[:rows] for name in bars._fields[1:]})
