"""One door for every strategy: option legs get the same kind of report, and what an input did not know is said."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.engine.panel import Series
from alphaloop.engine.run import Result, report_of, rows_of, run_strategy
from alphaloop.engine.strategy import load_strategy
from alphaloop.lab import load

ROWS = 700


def sample() -> tuple[Series, dict[str, Any]]:
    bars = load("sample").series
    short = Series(bars.name, *(column[:ROWS] for column in bars[1:]))  # type: ignore[arg-type]
    return short, {"vix": np.full((ROWS, 1), 22.0), "rate": np.full((ROWS, 1), 0.03)}


def ran(key: str = "volatility/iron_condor", **rules: Any) -> Result:
    bars, extras = sample()
    strategy = load_strategy(key)
    return run_strategy(strategy, bars, strategy.parse({}), extras=rules.pop("extras", extras), **rules)


def test_a_report_of_option_legs_has_the_parts_of_any_report() -> None:
    report, plain = report_of(ran(), draws=20), report_of(ran("trend/breakout"), draws=20)
    assert set(report) == set(plain)
    assert set(plain["metrics"]) - set(report["metrics"]) == {"gross_exposure"}
    assert len(report["trades"]) == report["metrics"]["trades"] > 5
    assert set(plain["trades"][0]) <= set(report["trades"][0])
    gained = report["metrics"]["final_equity"] - 1_000_000
    assert sum(row["pnl"] for row in report["reasons"]) == pytest.approx(gained)
    assert report["metrics"]["time_in_market"] > 0.5


@pytest.mark.parametrize("key", ["volatility/iron_condor", "volatility/vol_arbitrage", "defensive/tail_hedge"])
def test_prices_and_quantities_of_a_group_make_its_profit(key: str) -> None:
    for row in rows_of(ran(key))["trades"]:
        sign = 1 if row["side"] == "BUY" else -1
        moved = sign * (row["exit_price"] - row["entry_price"]) * row["quantity"] - row["fees"]
        assert row["pnl"] == pytest.approx(moved, abs=1e-6)


def test_the_notes_say_that_options_were_priced_and_what_does_not_bind_them() -> None:
    assert "options_by_model" in {note.code for note in ran().notes}
    assert "options_without_rules" not in {note.code for note in ran().notes}
    assert "options_without_rules" in {note.code for note in ran(slippage=0.001).notes}


def test_rows_without_an_input_are_counted() -> None:
    _, extras = sample()
    extras["vix"][100:120] = np.nan
    (note,) = [note for note in ran(extras=extras).notes if note.code == "extra_absent"]
    assert dict(note.params) == {"name": "vix", "absent": 20, "rows": ROWS}


def test_what_is_missing_is_named_all_at_once() -> None:
    with pytest.raises(InvalidError, match="--extra vix=FILE") as refused:
        ran(extras={})
    assert refused.value.code == "missing_extra"
    assert [name for name, _ in refused.value.fields] == ["vix", "rate"]


def test_option_legs_take_one_underlying() -> None:
    bars, extras = sample()
    strategy = load_strategy("defensive/tail_hedge")
    with pytest.raises(InvalidError) as refused:
        run_strategy(strategy, [bars, bars._replace(name="B")], strategy.parse({}), extras=extras)
    assert refused.value.code == "too_many_instruments"
