"""Groups laid out row by row, margins small enough to add up by hand, and the stated rule for volatility."""

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.options.legs import Basis, Intent, check_legs, lay_legs, wanted_at
from alphaloop.engine.options.margin import group_margin, naked_need, worst_loss
from alphaloop.engine.options.quotes import Terms, model_volatility
from alphaloop.engine.panel import Floats

TERMS = Terms()
CONDOR = (np.array([90.0, 95.0, 105.0, 110.0]), np.array([False, False, True, True]), np.array([1.0, -1.0, -1.0, 1.0]))


def intents() -> list[Intent]:
    return [
        Intent(1, 3, 1000, ((95.0, False, -1.0), (90.0, False, 1.0)), 0.1, "first"),
        Intent(2, 9, 2000, ((100.0, True, 1.0),), 0.2, "second"),
    ]


def test_each_row_names_the_legs_of_the_groups_that_it_wants() -> None:
    legs = check_legs(lay_legs(5, intents(), Basis.RISK), 5)
    assert legs.start.tolist() == [0, 0, 2, 5, 6, 7]
    assert [sorted(wanted_at(legs, row)) for row in range(5)] == [[], [0], [0, 1], [1], [1]]
    contract, ratio = wanted_at(legs, 2)[0]
    assert legs.contracts.strike[contract].tolist() == [95.0, 90.0]
    assert ratio.tolist() == [-1.0, 1.0]
    assert legs.contracts.expiry_ms.tolist() == [1000, 1000, 2000]
    assert check_legs(lay_legs(3, [], Basis.RISK), 3).start.tolist() == [0, 0, 0, 0]


def test_legs_that_do_not_fit_are_refused_with_the_reason() -> None:
    legs = lay_legs(5, intents(), Basis.RISK)
    bad = {
        "one start per row": (legs, 6),
        "a contract, a ratio and a group": (legs._replace(ratio=legs.ratio[1:]), 5),
        "that is not there": (legs._replace(contract=legs.contract + 7), 5),
        "not zero": (legs._replace(ratio=legs.ratio * 0.0), 5),
        "positive strike": (legs._replace(contracts=legs.contracts._replace(strike=-legs.contracts.strike)), 5),
        "positive share": (legs._replace(share=legs.share * np.nan), 5),
    }
    for complaint, (given, rows) in bad.items():
        with pytest.raises(InvalidError, match=complaint) as refused:
            check_legs(given, rows)
        assert refused.value.code == "bad_legs"


def needed(
    strike: Floats, call: np.ndarray, quantity: Floats, *, spot: float = 100.0, one_expiry: bool = True
) -> float:
    mark = np.full(len(strike), 2.0)
    return group_margin(strike, call, quantity, mark, spot=spot, one_expiry=one_expiry, terms=TERMS)


def test_a_spread_needs_its_width_and_a_condor_that_of_one_side() -> None:
    strike, call, quantity = CONDOR
    assert needed(strike[:2], call[:2], quantity[:2]) == 500.0
    assert needed(strike, call, quantity) == 500.0
    assert needed(strike, call, 3 * quantity) == 1500.0
    # Turned round it can lose no more than it cost, which is paid already.
    assert needed(strike, call, -quantity) == 0.0
    assert needed(strike[:1], call[:1], quantity[:1]) == 0.0


def test_what_is_sold_bare_needs_its_price_and_a_part_of_the_underlying() -> None:
    at = np.array([100.0])
    # 2 + 15 % of 100, at the money; 10 units out: 2 + max(15 - 10, 10).
    assert needed(at, np.array([True]), np.array([-1.0])) == 1700.0
    assert needed(at + 10, np.array([True]), np.array([-1.0])) == 1200.0
    # A put's least is ten per cent of its strike, and a put cannot owe more than its strike.
    assert needed(at - 10, np.array([False]), np.array([-1.0])) == pytest.approx(1100.0)
    assert needed(np.array([5.0]), np.array([False]), np.array([-1.0])) == pytest.approx(250.0)
    assert worst_loss(at, np.array([True]), np.array([-1.0])) == np.inf


def test_a_straddle_needs_the_dearer_side_and_the_price_of_the_other() -> None:
    both, sides = np.array([100.0, 100.0]), np.array([True, False])
    assert naked_need(both, sides, np.array([-1.0, -1.0]), np.array([3.0, 2.0]), 100.0, TERMS) == 20.0
    assert needed(both, sides, np.array([-1.0, -1.0])) == 1900.0


def test_legs_of_different_days_do_not_cover_each_other() -> None:
    strike, call, quantity = CONDOR
    assert needed(strike[:2], call[:2], quantity[:2], one_expiry=False) == pytest.approx(100 * (2 + 10))


def test_volatility_is_the_stated_part_of_vix() -> None:
    # At the forward 0.88 of VIX 20; one deviation, 20 % x sqrt(1/4), below it 1.09; far strikes stay at the ends.
    strikes = 100 * np.exp(np.array([0.0, -0.1, 0.05, 0.3, -2.0]))
    found = model_volatility(100.0, strikes, 0.25, 20.0)
    np.testing.assert_allclose(found, 0.2 * np.array([0.88, 1.09, 0.775, 0.67, 1.72]), rtol=1e-12)
    assert np.isnan(model_volatility(100.0, 100.0, 0.25, [0.0, -5.0, np.nan])).all()
