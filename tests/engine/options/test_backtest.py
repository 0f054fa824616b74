"""What a result says in words, and what it refuses before it begins."""

from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.plugins import load_plugin
from alphaloop.engine.options.backtest import OptionResult, run_option_backtest
from alphaloop.engine.options.quotes import Terms
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import load_strategy
from tests.engine.options.test_book import DAY_MS

KEY = "defensive/tail_hedge"
ROWS = 200


def ran(*, cash: float = 1e6, terms: Terms | None = None, rows: int = ROWS, **extras: Any) -> OptionResult:
    ts = np.arange(ROWS) * DAY_MS
    close = 1000 + 50 * np.sin(ts / DAY_MS / 20)
    bars = make_series("X", ts, close, close, close, close, np.ones(ROWS), close_ms=ts + DAY_MS)
    strategy = load_strategy(KEY)
    given = {"vix": np.full((rows, 1), 20.0), "rate": np.full((rows, 1), 0.02)} | extras
    legs = load_plugin("alphaloop.strategies", KEY).legs
    return run_option_backtest(strategy, legs, bars, strategy.parse({}), extras=given, cash=cash, terms=terms)


def test_the_notes_say_how_options_were_priced_and_settled() -> None:
    text = " ".join(map(str, ran().notes))
    for said in ("No quoted option prices", "VIX x (0.88 - 0.21 x d)", "0.6% of the price", "paid its worth in cash"):
        assert said in text
    assert "delivered the underlying" in " ".join(map(str, ran(terms=Terms(delivery=True)).notes))


def test_the_notes_count_what_could_not_begin() -> None:
    poor = ran(cash=10_000.0)
    assert any("less than one contract" in str(note) for note in poor.notes)
    assert {one.why for one in poor.refused} == {"too_small"}
    blind = np.full((ROWS, 1), 20.0)
    blind[1] = np.nan
    assert ("refused_no_quote", {"count": 1}) in ran(vix=blind).notes


def test_the_figures_are_those_of_the_curve() -> None:
    result = ran()
    assert result.metrics["final_equity"] == result.equity[-1]
    assert result.metrics["total_return"] == pytest.approx(result.equity[-1] / 1e6 - 1)
    assert result.metrics["fees"] == pytest.approx(sum(fill.fee for fill in result.fills))
    assert result.metrics["trades"] == len(result.trades)
    assert result.params["days"] == 60


def test_what_cannot_be_run_is_refused() -> None:
    with pytest.raises(InvalidError, match="one value per bar") as refused:
        ran(rows=ROWS - 1)
    assert refused.value.code == "bad_extra"
    for cash in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidError, match="needs cash"):
            ran(cash=cash)


@pytest.mark.parametrize(
    "given", [{"multiplier": 0.0}, {"fee": -1.0}, {"half_share": 1.1}, {"naked": float("nan")}, {"fee": float("inf")}]
)
def test_impossible_terms_are_refused_by_name(given: dict[str, float]) -> None:
    with pytest.raises(InvalidError, match=next(iter(given))):
        Terms(**given)  # type: ignore[arg-type]
