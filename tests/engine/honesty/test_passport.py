"""One page for each kind of strategy: an honest one passes what a prophet, an accident and dice fail."""

import json
from pathlib import Path

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty import OverfitPassport, make_passport
from alphaloop.engine.honesty.passport import QUESTIONS
from alphaloop.engine.honesty.periods import between
from alphaloop.engine.honesty.selection import trial_returns
from alphaloop.kernels.overfit import row_sharpes
from alphaloop.lab import load
from tests.builders import BTC
from tests.engine.honesty.planted import (
    BOLLINGER,
    COUNTER,
    DICE,
    FOLLOWER,
    FUSSY,
    PROPHET,
    Params,
    noisy,
    trending,
)


def verdicts(passport: OverfitPassport) -> dict[str, str]:
    return {check.question: check.verdict for check in passport.checks}


def test_an_honest_rule_on_a_market_that_suits_it_passes() -> None:
    asked: list[str] = []
    passport = make_passport(FOLLOWER, trending(rows=2500), Params(20), fee=0.0005, draws=30, on_check=asked.append)
    assert asked == [question for question in QUESTIONS if question != "deflated_sharpe"]
    said = verdicts(passport)
    assert list(said) == list(QUESTIONS)
    for question in ("look_ahead", "start", "stability", "walk_forward", "shuffle", "deflated_sharpe"):
        assert said[question] == "pass", question
    assert "fail" not in said.values()
    assert passport.refused == {}


def test_a_prophet_is_caught_however_good_everything_else_looks() -> None:
    passport = make_passport(PROPHET, noisy(), Params(), draws=20)
    assert verdicts(passport)["look_ahead"] == "fail"
    assert verdicts(passport)["deflated_sharpe"] == "pass"
    assert passport.verdict == "fail"
    assert passport.look_ahead


def test_a_rule_that_counts_from_its_first_bar_is_caught() -> None:
    passport = make_passport(COUNTER, trending(), Params(), draws=10)
    assert verdicts(passport)["look_ahead"] == "pass"
    assert verdicts(passport)["start"] == "fail"


def test_noise_that_was_optimised_is_caught_by_every_question_about_choosing() -> None:
    bars, knobs = noisy(3), [Params(knob) for knob in range(2, 201)]
    best = knobs[int(row_sharpes(trial_returns(DICE, bars, knobs)).argmax())]
    result = run_backtest(DICE, bars, best)
    assert (result.metrics["sharpe"] or 0.0) > 0.9
    passport = make_passport(DICE, bars, best, candidates=knobs, draws=20)
    said = verdicts(passport)
    assert said["look_ahead"] == said["start"] == "pass"
    assert said["stability"] == "fail"
    assert said["walk_forward"] != "pass"
    assert said["overfitting"] in ("warn", "fail")
    assert said["deflated_sharpe"] != "pass"
    assert passport.verdict == "fail"
    assert passport.run_id == result.run_id


def test_the_passport_is_plain_json_and_the_same_for_the_same_seed() -> None:
    one = make_passport(FOLLOWER, trending(rows=600), Params(20), draws=10, seed=7)
    two = make_passport(FOLLOWER, trending(rows=600), Params(20), draws=10, seed=7)
    rows = json.loads(json.dumps(one.to_json(), allow_nan=False))
    assert rows == json.loads(json.dumps(two.to_json(), allow_nan=False))
    assert rows["params"] == {"period": 20}
    assert len(rows["walk_forward"]["folds"]) == 5
    assert len(rows["walk_forward"]["equity"]) <= 400
    assert len(rows["market_luck"]["quantiles"]) == 5
    assert {check["verdict"] for check in rows["checks"]} <= {"pass", "warn", "fail", "unknown"}


def test_a_check_that_these_bars_are_too_few_for_is_unknown_and_says_why() -> None:
    passport = make_passport(FOLLOWER, trending(rows=30), Params(20), draws=5)
    assert verdicts(passport)["walk_forward"] == "unknown"
    assert passport.refused["walk_forward"] == "too_few_bars"
    assert passport.walk_forward is None
    assert json.dumps(passport.to_json(), allow_nan=False)


def test_combinations_that_make_no_rule_are_passed_over() -> None:
    candidates = [Params(period) for period in (20, 21, 23, 30)]
    passport = make_passport(FUSSY, trending(), Params(20), candidates=candidates, draws=5)
    assert passport.refused == {}
    assert passport.selection is not None
    assert passport.selection.known == 2
    assert passport.walk_forward is not None
    assert {fold.params["period"] for fold in passport.walk_forward.folds} <= {20, 30}
    with pytest.raises(InvalidError):
        make_passport(FUSSY, trending(), Params(21))


def test_several_instruments_with_different_histories_are_questioned_together() -> None:
    later = between(trending(2, 1200)._replace(name="Y"), 300, 1200)
    both = [trending(1, 1200), later]
    passport = make_passport(FOLLOWER, both, Params(20), draws=20, prefixes=20)  # type: ignore[arg-type]
    assert passport.refused == {}
    assert verdicts(passport)["look_ahead"] == verdicts(passport)["start"] == "pass"


def test_a_run_bound_by_market_rules_leaves_open_what_needs_other_markets() -> None:
    passport = make_passport(FOLLOWER, trending(rows=800), Params(20), instruments=[BTC], fee=0.001, prefixes=10)
    assert passport.refused == {"market_luck": "no_dates", "shuffle": "no_dates"}
    assert verdicts(passport)["walk_forward"] in ("pass", "warn")


def test_whoever_listens_may_stop_it() -> None:
    class Stopped(Exception): ...

    def stop(question: str) -> None:
        if question == "stability":
            raise Stopped

    with pytest.raises(Stopped):
        make_passport(FOLLOWER, trending(rows=300), Params(), draws=5, on_check=stop)


@pytest.mark.data
def test_real_bars_give_a_passport_with_every_question_answered(test_data: Path) -> None:
    bars = load(test_data / "data/bars/equity_cn/sse_szse/SH600519/1d.parquet").series
    passport = make_passport(BOLLINGER, bars, BOLLINGER.parse({}), draws=20, prefixes=20, fee=0.0005)
    assert passport.refused == {}
    assert verdicts(passport)["look_ahead"] == verdicts(passport)["start"] == "pass"
    assert all(np.isfinite(check.figure) for check in passport.checks)
