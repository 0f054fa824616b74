"""Scores by hand, agreement among strategies, lateness, expiry by sessions, and every combination of switches."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms, to_ms
from alphaloop.core.signal import Direction, Sizing
from alphaloop.features.signals import rules
from alphaloop.features.signals.rules import Switches, Vote

LONG, SHORT, FLAT = Direction.LONG, Direction.SHORT, Direction.FLAT


@pytest.mark.parametrize(
    ("given", "target", "sizing", "expected"),
    [
        (0.3, 1.0, Sizing.WEIGHT, 0.3),
        (-0.3, -1.0, Sizing.WEIGHT, 0.3),
        (7.0, 1.0, Sizing.RISK, 1.0),
        (None, -0.4, Sizing.WEIGHT, 0.4),
        (None, 3.0, Sizing.WEIGHT, 1.0),
        (None, 12.0, Sizing.UNITS, 1.0),
        (0.1, 0.0, Sizing.WEIGHT, 1.0),
    ],
)
def test_strength_is_what_the_strategy_says_or_asks_for(
    given: float | None, target: float, sizing: Sizing, expected: float
) -> None:
    assert rules.strength_of(given, target, sizing) == expected


def test_confidence_begins_at_a_half_and_follows_what_was_measured() -> None:
    assert rules.confidence_of(0, 0) == 0.5
    assert rules.confidence_of(7, 8) == 0.8
    assert rules.confidence_of(0, 8) == 0.1


def test_reward_to_risk_needs_both_levels_and_a_distance() -> None:
    assert rules.rr_ratio(100, 95, 110) == 2.0
    assert rules.rr_ratio(100, 104, 90) == 2.5  # short
    assert rules.rr_ratio(100, None, 110) is rules.rr_ratio(100, 95, None) is rules.rr_ratio(100, 100, 110) is None


def test_the_weight_of_a_risk_sized_signal_is_one_per_cent_over_the_distance_of_its_stop() -> None:
    assert rules.weight_of(1, Sizing.RISK, entry=100, stop=95, cap=None) == pytest.approx(0.2)
    assert rules.weight_of(-0.5, Sizing.RISK, entry=100, stop=102, cap=None) == pytest.approx(0.25)
    assert rules.weight_of(1, Sizing.RISK, entry=100, stop=95, cap=0.15) == 0.15
    assert rules.weight_of(1, Sizing.RISK, entry=100, stop=None, cap=None) == 0.0
    assert rules.weight_of(-0.6, Sizing.WEIGHT, entry=100, stop=None, cap=None) == 0.6
    assert rules.weight_of(2.0, Sizing.WEIGHT, entry=100, stop=None, cap=None) == 1.0
    assert rules.weight_of(3, Sizing.UNITS, entry=100, stop=None, cap=None) is None


def test_the_risk_score_is_the_loss_at_the_stop_against_two_per_cent_of_equity() -> None:
    assert rules.risk_score(0.2, entry=100, stop=95, volatility=0.5) == pytest.approx(0.5)  # 1 % of 2 %
    assert rules.risk_score(1.0, entry=100, stop=95, volatility=None) == 1.0
    # Two standard deviations over ten bars of 0.1 %: 0.2 % x root 10.
    assert rules.risk_score(1.0, entry=100, stop=None, volatility=0.001) == pytest.approx(0.1 * math.sqrt(10))
    assert rules.risk_score(None, entry=100, stop=95, volatility=0.01) is None
    assert rules.risk_score(0.5, entry=100, stop=None, volatility=None) is None


@pytest.mark.parametrize(
    ("direction", "last", "code"),
    [
        (LONG, 100.0, None),
        (LONG, 101.0, None),
        (LONG, 101.1, "price_drifted"),
        (LONG, 96.0, None),  # cheaper is not too late
        (LONG, 95.0, "stop_passed"),
        (LONG, 110.0, "take_reached"),
        (FLAT, 200.0, None),
    ],
)
def test_an_entry_comes_too_late_where_its_levels_or_the_price_say_so(
    direction: Direction, last: float, code: str | None
) -> None:
    assert rules.lateness(direction, entry=100, last=last, stop=95, take=110) == code


@given(last=st.floats(50, 150), drift=st.floats(0.001, 0.2))
def test_short_and_long_are_mirror_images_of_lateness(last: float, drift: float) -> None:
    long = rules.lateness(LONG, entry=100, last=last, stop=90, take=120, drift_pct=drift)
    short = rules.lateness(SHORT, entry=100, last=200 - last, stop=110, take=80, drift_pct=drift)
    assert long == short or math.isclose(abs(last - 100), drift * 100) or last in (90, 120)


def test_only_entries_grow_too_old() -> None:
    assert [rules.is_late(1.0, age) for age in (0, 2, 3)] == [False, False, True]
    assert not rules.is_late(0.0, 99)


def ms(text: str) -> int:
    return to_ms(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("calendar", "timeframe", "close", "bars", "expected"),
    [
        ("24x7", Timeframe.M30, "2026-01-05T12:00", 3, "2026-01-05T13:30"),
        # Shanghai closes at 07:00 UTC; the morning has two hours, then the midday break.
        ("XSHG", Timeframe.M30, "2026-01-05T03:00", 2, "2026-01-05T05:30"),
        ("XSHG", Timeframe.M30, "2026-01-05T07:00", 1, "2026-01-06T02:00"),
        # Friday's close plus two daily bars is Tuesday's.
        ("XSHG", Timeframe.D1, "2026-01-09T07:00", 2, "2026-01-13T07:00"),
        ("XNYS", Timeframe.H1, "2025-11-28T17:00", 2, "2025-12-01T15:30"),  # an early close at 18:00 UTC
        ("XSHG", Timeframe.W1, "2026-01-09T07:00", 1, "2026-01-16T07:00"),
        ("XSHG", Timeframe.M30, "2099-01-05T03:00", 1, "2099-01-05T03:30"),  # nobody knows that year
    ],
)
def test_expiry_is_counted_in_bars_that_the_market_makes(
    calendar: str, timeframe: Timeframe, close: str, bars: int, expected: str
) -> None:
    assert from_ms(rules.expiry_ms(find_calendar(calendar), timeframe, ms(close), bars)) == from_ms(ms(expected))


def vote(direction: Direction, weight: float | None = 0.5, strength: float = 1.0, *, n: int = 1) -> Vote:
    return Vote(n, f"s{n}", direction, weight, strength)


def test_strategies_of_one_mind_are_unanimous() -> None:
    verdict = rules.agree([vote(LONG, 0.2, 0.5, n=1), vote(LONG, 0.6, 1.0, n=2)])
    assert (verdict.direction, verdict.reason, verdict.against) == (LONG, "unanimous", ())
    assert verdict.net == pytest.approx((0.2 * 0.5 + 0.6 * 1.0) / 0.8)
    assert rules.agree([vote(FLAT)]).reason == "unanimous"


def test_the_heavier_side_wins_and_the_lighter_is_outvoted() -> None:
    verdict = rules.agree([vote(LONG, 0.6, n=1), vote(SHORT, 0.2, n=2), vote(FLAT, 0.2, n=3)])
    assert (verdict.direction, verdict.reason, verdict.against) == (LONG, "outvoted", (2, 3))
    assert verdict.net == pytest.approx(0.4)


def test_an_even_match_trades_nothing_and_says_so() -> None:
    verdict = rules.agree([vote(LONG, 0.5, n=1), vote(SHORT, 0.4, n=2)])
    assert (verdict.direction, verdict.reason, verdict.against) == (FLAT, "below_threshold", (1, 2))
    assert rules.agree([]).direction is FLAT
    assert rules.agree([vote(LONG, 0.0)]).reason == "below_threshold"


votes = st.lists(
    st.builds(
        Vote,
        signal_id=st.integers(1, 99),
        strategy=st.just("s"),
        direction=st.sampled_from([LONG, SHORT, FLAT]),
        weight=st.one_of(st.none(), st.floats(0, 1)),
        strength=st.floats(0, 1),
    ),
    max_size=8,
)


@settings(max_examples=150, deadline=None)
@given(votes)
def test_agreement_does_not_hang_on_order_and_mirrors_when_all_turn_round(many: list[Vote]) -> None:
    verdict = rules.agree(many)
    assert -1 <= verdict.net <= 1
    assert rules.agree(many[::-1]).direction in (verdict.direction, FLAT) or abs(verdict.net) == pytest.approx(0.2)
    turned = {LONG: SHORT, SHORT: LONG, FLAT: FLAT}
    mirror = rules.agree([replace(one, direction=turned[one.direction]) for one in many])
    assert mirror.net == pytest.approx(-verdict.net)
    assert mirror.direction is turned[verdict.direction]


NAMES = ("server_ceiling", "account_mode", "user_consent", "strategy", "signal", "risk")


@pytest.mark.parametrize("answers", list(product([True, False], repeat=len(NAMES))))
def test_any_no_wins_and_the_first_one_is_named(answers: tuple[bool, ...]) -> None:
    expected = next((name for name, yes in zip(NAMES, answers, strict=True) if not yes), None)
    assert rules.refusing_switch(Switches(*answers)) == expected
