"""What a process says that a strategy wants is read before it is believed."""

from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.features.signals.intents import check_intents
from tests.builders import BTC, START_MS, STEP_MS
from tests.features.signals.conftest import intent

NOW_MS = START_MS + 2 * STEP_MS


def test_a_scan_is_taken_as_it_was_said_and_what_cannot_be_told_is_nothing() -> None:
    [kept] = check_intents([intent(volatility=float("nan"))], [BTC.symbol], as_of_ms=NOW_MS)
    assert kept == intent(volatility=None)
    assert check_intents([], [BTC.symbol], as_of_ms=NOW_MS) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"target": 1e30},
        {"target": float("nan")},
        {"target": float("inf")},
        {"target": "1"},
        {"sizing": "ALL"},
        {"stop": float("nan")},
        {"stop": -1.0},
        {"take": 1e40},
        {"price": float("inf")},
        {"instrument": "ETH/USDT@binance"},
        {"episode": 10**30},
        {"episode": START_MS + 1},
        {"age": -1},
        {"close_ms": START_MS - 1},
        {"ts_ms": 10**15, "close_ms": 10**15},
        {"factors": {"a": float("nan")}},
        {"factors": {"A'; --": 1.0}},
        {"reason": None},
        {"more": 1},
    ],
)
def test_what_cannot_be_kept_is_refused_as_a_whole(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidError) as refused:
        check_intents([intent(**changes)], [BTC.symbol], as_of_ms=NOW_MS)
    assert refused.value.code == "bad_signals"


@pytest.mark.parametrize("told", [None, {}, 7, [None], [[]], [intent(), intent()]])
def test_what_is_no_list_of_wishes_each_of_another_instrument_is_refused(told: Any) -> None:
    with pytest.raises(InvalidError) as refused:
        check_intents(told, [BTC.symbol, "X"], as_of_ms=NOW_MS)
    assert refused.value.code == "bad_signals"


def test_a_reason_is_kept_as_far_as_every_database_takes_it() -> None:
    [kept] = check_intents([intent(reason="a\x00b" + "c" * 300)], [BTC.symbol], as_of_ms=NOW_MS)
    assert (kept["reason"][:3], len(kept["reason"])) == ("a?b", 128)
