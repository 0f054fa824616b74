"""`alphaloop factors list` and `report`."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from alphaloop.entrypoints.cli import app
from alphaloop.kernels.factors import FACTORS
from tests.features.market.walks import START_MS, csv_of, walk

DAY_MS = 86_400_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(6):
        place = tmp_path / "bars" / f"S{seed}"
        place.mkdir(parents=True)
        (place / "1d.csv").write_bytes(csv_of(walk(120, step_ms=DAY_MS, seed=seed)))
    return tmp_path


def test_every_factor_is_listed() -> None:
    told = CliRunner().invoke(app, ["factors", "list", "--json"])
    rows = json.loads(told.stdout)
    assert [row["key"] for row in rows] == list(FACTORS)
    assert rows[0]["params"] == {"lookback": 252, "skip": 21}
    assert len(CliRunner().invoke(app, ["factors", "list"]).stdout.splitlines()) == len(FACTORS)


def test_a_report_over_a_folder_of_bars_names_its_instruments_and_horizons(folder: Path) -> None:
    asked = ["factors", "report", "short_reversal", "--bars", str(folder / "bars"), "--param", "lookback=5"]
    told = CliRunner().invoke(app, [*asked, "--horizon", "1", "--horizon", "3", "--quantiles", "3", "--json"])
    assert told.exit_code == 0, told.stderr
    found = json.loads(told.stdout)
    assert found["instruments"] == [f"S{seed}" for seed in range(6)]
    assert found["horizons"] == [1, 3]
    assert len(found["quantile_returns"][0]) == 3
    assert "few_names" in [one["code"] for one in found["warnings"]]
    told = CliRunner().invoke(app, asked)
    assert "Short reversal: 6 instruments, 120 rows" in told.stdout
    assert "rank IC" in told.stdout


def test_a_slower_figure_stands_until_the_next_and_is_unknown_before_its_day(folder: Path) -> None:
    names = [f"S{seed}" for seed in range(6)]
    rows = "".join(
        f"{START_MS + day * DAY_MS},{','.join(str(1e9 * (n + 1 + day)) for n in range(6))}\n" for day in (30, 60)
    )
    (folder / "caps.csv").write_text(f"ts,{','.join(names)}\n{rows}", encoding="utf-8")
    asked = [
        "factors",
        "report",
        "size",
        "--bars",
        str(folder / "bars"),
        "--table",
        f"market_cap={folder / 'caps.csv'}",
    ]
    found = json.loads(CliRunner().invoke(app, [*asked, "--json"]).stdout)
    assert found["coverage"] == pytest.approx(90 / 120)
    assert found["persistence"] == pytest.approx(1.0)


def test_a_table_of_closes_is_enough(folder: Path) -> None:
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.01, (60, 4)), axis=0))
    lines = [",".join([f"2024-{1 + day // 28:02}-{1 + day % 28:02}", *map(str, closes[day])]) for day in range(60)]
    (folder / "closes.csv").write_text("\n".join(["ts,A,B,C,D", *lines]), encoding="utf-8")
    asked = ["factors", "report", "mean_gap", "--table", f"close={folder / 'closes.csv'}", "--quantiles", "2", "--json"]
    assert json.loads(CliRunner().invoke(app, asked).stdout)["instruments"] == ["A", "B", "C", "D"]


def test_what_does_not_fit_is_one_line(folder: Path) -> None:
    bars = ["--bars", str(folder / "bars")]
    for asked, word in (
        (["nothing", *bars], "there is no factor nothing"),
        (["momentum"], "Name files with --bars"),
        (["momentum", "--bars", str(folder / "gone.csv")], "gone.csv"),
        (["momentum", *bars, "--param", "lookback=0"], "1 or more"),
        (["momentum", *bars, "--horizon", "x"], "horizon must be a whole number"),
        (["size", *bars], "needs market value"),
        (["size", *bars, "--table", "caps=x.csv"], "There is no input caps"),
        (["size", *bars, "--table", "market_cap=x.csv"], "x.csv"),
    ):
        told = CliRunner().invoke(app, ["factors", "report", *asked])
        assert told.exit_code == 2, asked
        assert word in told.stderr
        assert len(told.stderr.strip().splitlines()) == 1
