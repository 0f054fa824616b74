"""The whole answer about a factor: its figures are those of the report, and it says what weakens them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from alphaloop.kernels.cross_section import winsorise
from alphaloop.kernels.factor_report import factor_report
from alphaloop.kernels.factors import FACTORS, FROM_BARS, make_factor
from alphaloop.kernels.factors.study import study_factor
from alphaloop.kernels.factors.warnings import TEXTS


def market(rows: int = 400, columns: int = 30, *, reversing: float = 0.0) -> dict[str, NDArray[np.float64]]:
    """Walks; with `reversing` a part of each step is taken back by the next but one."""
    rng = np.random.default_rng(4)
    steps = rng.normal(0, 0.02, (rows, columns))
    steps[2:] -= reversing * steps[:-2]
    close = 100 * np.exp(np.cumsum(steps, axis=0))
    volume = rng.uniform(1e5, 1e6, close.shape)
    return {"close": close, "volume": volume, "traded": close * volume}


def study(key: str, inputs: dict[str, NDArray[np.float64]], **options: Any) -> dict[str, Any]:
    rows, columns = inputs["close"].shape
    names = [f"S{n}" for n in range(columns)]
    return study_factor(key, inputs, ts_ms=np.arange(rows) * 86_400_000, names=names, **options)


def codes(made: dict[str, Any]) -> list[str]:
    return [one["code"] for one in made["warnings"]]


def test_the_figures_are_those_of_the_report_and_plain_json() -> None:
    inputs = market()
    steps: list[str] = []
    inputs["close"][200:, 5] = np.nan
    made = study("short_reversal", inputs, params={"lookback": 5}, horizons=(1, 5), on_step=steps.append)
    assert steps == ["factor", "report", "others"]
    assert made == json.loads(json.dumps(made, allow_nan=False))
    values = winsorise(make_factor("short_reversal", inputs, {"lookback": 5}), 0.01, 0.99)
    want = factor_report(values, inputs["close"], horizons=(1, 5))
    assert [one["mean"] for one in made["rank_ic"]] == pytest.approx([one.mean for one in want.ranked], rel=1e-5)
    assert made["spread"] == pytest.approx(want.spread.tolist(), rel=1e-5)
    curves = made["curves"]
    assert len(curves["ts"]) == len(curves["growth"][4]) == len(curves["coverage"]) == 240
    assert curves["cumulative"][0][-1] == pytest.approx(np.nansum(want.rank_ic[0]), rel=1e-5)
    assert curves["ts"][-1] == made["last_ts"] == 399 * 86_400_000
    assert codes(made) == []


def test_other_factors_of_the_same_bars_stand_beside_it_the_nearest_first() -> None:
    made = study("short_reversal", market())
    others = {one["factor"]: one["mean"] for one in made["others"]}
    possible = {key for key, factor in FACTORS.items() if set(factor.needs) <= FROM_BARS}
    # 400 rows are too few for three years.
    assert set(others) == possible - {"short_reversal", "long_reversal"}
    assert made["others"][0]["factor"] in ("mean_gap", "rsi_gap")
    assert others["mean_gap"] > 0.5
    assert abs(others["traded_value"]) < 0.2


def test_a_true_reversal_grows_from_the_lowest_to_the_highest_quantile() -> None:
    made = study("short_reversal", market(reversing=0.3), params={"lookback": 1}, horizons=(1,), delay=1)
    ends = [growth[-1] for growth in made["curves"]["growth"]]
    assert ends == sorted(ends)
    assert made["rank_ic"][0]["t"] > 10
    assert made["break_even"][0] > 0


def test_what_weakens_a_report_is_said_with_its_numbers() -> None:
    few = study("short_reversal", market(rows=120, columns=8), horizons=(1, 20), delay=0)
    assert codes(few) == ["few_names", "short_history", "survivors_only", "traded_at_once"]
    assert "8" in few["warnings"][0]["text"]["en"]
    assert codes(study("momentum", market(rows=100))) == ["nothing_told"]
    gaps = market()
    gaps["close"][::3, :20] = np.nan
    gaps["close"][390:, 0] = np.nan
    assert "uneven_rows" in codes(study("short_reversal", gaps))
    assert "thin_coverage" in codes(study("momentum", gaps, params={"lookback": 240}))
    assert all(set(text) == {"zh", "en"} for text in TEXTS.values())


@pytest.mark.data
def test_momentum_of_real_shares_is_what_pandas_makes_of_them(test_data: Path) -> None:
    frame = pd.read_parquet(test_data / "data/equity_close/sp500_dataset.parquet").set_index("ts").iloc[-900:]
    made = study("momentum", {"close": frame.to_numpy(float)}, horizons=(21,))
    factor = frame.shift(21) / frame.shift(252) - 1
    later = frame.shift(-22) / frame.shift(-1) - 1
    rows = factor.corrwith(later, axis=1, method="spearman").dropna()
    # Pulling in the tails moves no rank but those of the two outermost, which then share one.
    assert made["rank_ic"][0]["mean"] == pytest.approx(rows.mean(), abs=0.01)
    assert made["rank_ic"][0]["rows"] == len(rows) == 900 - 252 - 22
    assert codes(made)[-1] == "survivors_only"


def test_tables_that_do_not_fit_are_refused() -> None:
    inputs = market(rows=30)
    with pytest.raises(ValueError, match="one row for each time"):
        study_factor("momentum", inputs, ts_ms=np.arange(29), names=["x"] * 30)
    with pytest.raises(ValueError, match="horizons"):
        study("momentum", inputs, horizons=())
