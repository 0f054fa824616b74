"""Why there was a trade in a bar, or none: one cause at a time, and every fill of a long run accounted for."""

import re
import string
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.panel import make_series
from alphaloop.engine.sim_unfilled import Obstacle
from alphaloop.engine.why import SENTENCES, STAGES, Reason, sentence, why
from alphaloop.lab import LabBars, LabResult

SHARE = Instrument("600000@XSHG", AssetClass.EQUITY, "600000", "CNY", Decimal("0.01"), Decimal(100), ZERO, "XSHG")
DAY_MS = 86_400_000
# Monday, 6 May 2024.
MONDAY = date(2024, 5, 6).toordinal() - date(1970, 1, 1).toordinal()
NAN = float("nan")


def days(*prices: float, name: str = "A", at: list[int] | None = None, volume: float = 1000.0) -> LabBars:
    """Daily bars that stand still at these prices."""
    values = np.array(prices)
    ts = (MONDAY + np.array(at or range(len(prices)))) * DAY_MS
    return LabBars(make_series(name, ts, *[values] * 4, np.full(len(ts), volume)), tuple(ts.tolist()))


def run(bars: LabBars | list[LabBars], target: Any, **given: Any) -> LabResult:
    return al.backtest_signals(bars, target, **given)


def codes(result: LabResult, row: int, column: int = 0) -> list[str]:
    return [code for code in why(result, row, column).codes if code not in ("held", "no_trade")]


def test_a_trade_is_told_from_its_signal_to_its_fill() -> None:
    result = run(days(10, 10, 10, 10), [NAN, 1, 1, 0])
    assert codes(result, 0) == ["first_bar"]
    assert codes(result, 1) == ["no_target", "instructed"]
    assert codes(result, 2) == ["new_instruction", "filled"]
    assert codes(result, 3) == ["same_instruction", "instructed", "not_yet"]
    assert why(result, 2).traded
    assert why(result, 2).lines() == [
        "signal: at the close of 2024-05-07 the target became 1 (weight)",
        "fill: filled +100000 at 10, fee 0 (signal)",
        "fill: after its close 100000 is held",
    ]
    assert why(result, 2).lines("zh")[1] == "成交: 成交 +100000，价格 10，手续费 0（信号）"
    assert str(why(result, 1)).startswith("A at 2024-05-07\nsignal: the strategy said nothing at 2024-05-06")


def test_warm_up_and_a_target_that_is_there_already_are_said() -> None:
    result = run(days(10, 10, 10, 10, 10), [1, 1, 0, 0, 0], start_bar=2)
    assert codes(result, 1) == ["before_start"]
    assert codes(result, 3) == ["new_instruction", "already_there"]
    assert why(result, 1).reasons[0].facts == {"start": 2}


def test_filled_at_the_close_is_decided_in_the_same_bar() -> None:
    made = al.backtest(al.load("sample"), "reversion/bollinger", fill="close")
    row = int(made.fills.row[0])
    assert codes(made, row)[0] == "new_instruction"
    assert codes(made, row)[-1] == "filled"


@pytest.mark.parametrize(
    ("code", "bars", "target", "given"),
    [
        ("short", days(10, 10, 10), [-1, -1, -1], {}),
        ("no_stop", days(10, 10, 10), [1, 1, 1], {"sizing": "risk"}),
        ("lot", days(10, 10, 10), [1, 1, 1], {"cash": 5, "whole": True}),
        ("volume", days(10, 10, 10, volume=0.0), [1, 1, 1], {"volume_limit": 0.1}),
    ],
)
def test_what_kept_an_instruction_from_trading_is_named(
    code: str, bars: LabBars, target: list[float], given: dict[str, Any]
) -> None:
    result = run(bars, target, **given)
    assert codes(result, 1) == ["new_instruction", code, "never_filled"]
    assert codes(result, 2) == ["same_instruction", code, "never_filled"]
    assert not why(result, 1).traded


def test_a_locked_board_is_named_until_it_opens() -> None:
    result = run(days(10, 11, 11), [100, 100, 100], sizing="units", instruments=[SHARE])
    assert codes(result, 1) == ["new_instruction", "limit", "filled_later"]
    assert codes(result, 2) == ["same_instruction", "limit", "filled_later", "filled"]


def test_a_bar_that_is_not_there_is_named() -> None:
    bars = [days(10, 10, at=[0, 2]), days(10, 10, 10, name="B")]
    result = run(bars, [[0.5, NAN]] * 3)
    assert codes(result, 1) == ["no_bar", "new_instruction", "suspended", "filled_later"]
    assert codes(result, 2)[-1] == "filled"
    assert codes(result, 1, 1) == ["no_target"]


def test_an_intent_that_a_stop_ended_does_not_come_back() -> None:
    result = run(days(10, 10, 8, 8, 8), [1, 1, 1, 0.5, 0.5], stop=[9.0] * 5)
    assert codes(result, 2) == ["same_instruction", "filled"]
    assert why(result, 2).reasons[1].facts["why"] == "stop"
    spent = run(days(10, 10, 8, 8), [1, 1, 1, 1], stop=[9.0] * 4)
    assert codes(spent, 3) == ["spent"]
    assert why(spent, 3).reasons[0].facts == {"began": 0}


def test_outside_the_universe_nothing_begins() -> None:
    result = run(al.load([days(10, 10, 10)], universe=_members("2024-05-20")), [1, 1, 1])
    assert codes(result, 1) == ["not_member"]


def _members(since: str) -> Any:
    import polars as pl

    return pl.DataFrame({"symbol": ["A"], "from": [since]})


def test_every_fill_of_a_long_run_is_accounted_for() -> None:
    """Random intents with stops: each fill by signal has its instruction, each bar without one its reason."""
    generator = np.random.default_rng(5)
    bars = al.load("sample")
    close = bars.series.close
    target = np.repeat(generator.choice([1.0, 0.5, 0.0, -1.0, NAN], 1007), 5)[: len(bars)]
    stop = np.where(target > 0, close * 0.97, np.where(target < 0, close * 1.03, NAN))
    result = run(bars, target, stop=stop, can_short=True, fee=0.0005)
    filled = set(result.fills.row.tolist())
    seen: set[str] = set()
    for row in range(600, 1400):
        answer = why(result, row)
        told = set(answer.codes)
        seen |= told
        assert answer.traded == (row in filled)
        assert ("filled" in told) != ("no_trade" in told)
        assert "managed" not in told
        causes = {reason.facts["why"] for reason in answer.reasons if reason.code == "filled"}
        if "signal" in causes:
            assert "new_instruction" in told
        if "new_instruction" in told:
            assert told & {"filled", "already_there"} or told & {one.name.lower() for one in Obstacle}
        assert len(answer.lines("zh")) == len(answer.reasons)
    assert {"new_instruction", "same_instruction", "no_target", "spent", "filled"} <= seen


def test_every_obstacle_has_words_in_both_languages() -> None:
    assert {one.name.lower() for one in Obstacle} <= set(SENTENCES)
    for code, (chinese, english) in SENTENCES.items():
        named = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (chinese, english)]
        assert named[0] == named[1], code
        facts = {name: 1 for name in named[0]}
        for language in ("zh", "en"):
            assert sentence(Reason("rules", code, facts), language)
    assert all(len(words) == 2 for words in STAGES.values())


def test_a_bar_is_named_by_row_day_or_time_and_an_unknown_one_is_refused() -> None:
    result = run(days(10, 10, 10), [1, 1, 1])
    for at in (1, -2, "2024-05-07", "2024-05-07T09:30", date(2024, 5, 7)):
        assert al.why(result, at).row == 1
    assert al.why(result, 1, "A").instrument == "A"
    for at in (3, -4, "2024-05-01", "2025-01-01", "noon", None, True):
        with pytest.raises(InvalidError) as refused:
            al.why(result, at)
        assert refused.value.code == "unknown_bar"
    for wrong, code in ((lambda: al.why(result, 1, "B"), "unknown_bar"), (lambda: al.why(object(), 1), "option_legs")):
        with pytest.raises(InvalidError) as refused:
            wrong()
        assert refused.value.code == code


def test_the_guide_lists_every_code() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "how-to" / "research-in-a-notebook.md").read_text(encoding="utf-8")
    rows = re.findall(
        r"^\| (\w+) \| (`.+`) \|$", guide.partition("| stage | codes |")[2].partition("## ")[0], re.MULTILINE
    )
    assert [stage for stage, _ in rows] == list(STAGES)
    assert sorted(code for _, codes in rows for code in re.findall(r"`(\w+)`", codes)) == sorted(SENTENCES)
