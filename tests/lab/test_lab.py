"""Eight lines from bars to a picture, and files that are not what they should be."""

import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError, NotFoundError

EXAMPLE = Path(__file__).parents[2] / "examples" / "eight_lines.py"
HEADER = "ts,open,high,low,close,volume\n"


def written(tmp_path: Path, *lines: str, name: str = "bars.csv") -> Path:
    path = tmp_path / name
    path.write_text(HEADER + "\n".join(lines) + "\n")
    return path


def test_the_example_runs_from_load_to_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = [line for line in EXAMPLE.read_text().splitlines() if line.strip() and not line.startswith('"""')]
    assert len(code) <= 8
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    assert "final_equity" in capsys.readouterr().out
    assert (tmp_path / "bollinger.html").stat().st_size > 10_000


def test_opening_the_lab_imports_nothing_heavy() -> None:
    probe = "import sys, alphaloop as al; al.lab.load; print({'numpy', 'polars', 'plotly', 'numba'} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_loading_the_sample_does_not_import_the_package_it_lies_in() -> None:
    probe = "import sys, alphaloop as al; print(repr(al.lab.load('sample'))); print('arch' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert told.stdout.split("\n")[:2] == ["<SPX: 5031 bars, 1999-01-04 to 2018-12-31>", "False"]


@pytest.mark.parametrize("first", ["1600000000", "1600000000000", "2020-09-13T12:26:40Z", "2020-09-13 12:26:40"])
def test_times_are_read_in_every_form_and_echoed_as_written(tmp_path: Path, first: str) -> None:
    second = {"1600000000": "1600000060", "1600000000000": "1600000060000"}.get(first, first.replace(":40", ":59"))
    bars = al.lab.load(written(tmp_path, f"{first},1,2,1,2,5", f"{second},2,3,2,3,5"))
    assert [str(label) for label in bars.labels] == [first, second]
    assert bars.series.ts_ms[0] == 1_600_000_000_000


def test_a_parquet_file_with_other_column_names_gives_the_same_bars(tmp_path: Path) -> None:
    csv = written(tmp_path, "1600000000,1,2,1,2,5", "1600000060,2,3,2,3,5")
    path = tmp_path / "bars.parquet"
    frame = pl.read_csv(csv).with_columns(pl.from_epoch("ts", time_unit="s").dt.replace_time_zone("UTC"))
    frame.rename({"ts": "Date", "open": "Open", "high": "High", "low": "Low", "close": "Close"}).write_parquet(path)
    one, two = al.lab.load(csv), al.lab.load(path)
    for ours, theirs in zip(one.series[1:], two.series[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert two.labels[0] == "2020-09-13T12:26:40+00:00"
    assert one.frame.columns == ["ts", "open", "high", "low", "close", "volume"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1600000060,2,3,2,x,5", "line 3"),
        ("1600000060,2,3,2,nan,5", "line 3"),
        ("1600000060,2,1,2,2,5", "line 3"),
        ("1600000060,-2,3,2,3,5", "line 3"),
        ("1500000000,2,3,2,3,5", "line 3"),
        ("soon,2,3,2,3,5", "line 3"),
        ("1600000060,2,3", "line 3"),
    ],
)
def test_a_broken_file_is_refused_by_line_and_reason(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InvalidError) as refused:
        al.lab.load(written(tmp_path, "1600000000,1,2,1,2,5", line))
    assert refused.value.fields[0][0] == said
    assert refused.value.message.lower().startswith(said)


def test_a_missing_file_an_empty_file_and_a_strange_name_are_refused(tmp_path: Path) -> None:
    for source in (tmp_path / "none.csv", "no such symbol"):
        with pytest.raises(InvalidError, match="There is no file"):
            al.lab.load(source)
    with pytest.raises(InvalidError):
        al.lab.load(written(tmp_path, name="empty.csv").parent / "empty.csv")


def test_options_are_parameters_or_rules_and_nothing_else() -> None:
    bars = al.lab.load("sample")
    result = al.lab.backtest(bars, "reversion/bollinger", period=30, cash=5000, fill="close", whole=True)
    assert (result.params["period"], result.rules.cash, result.rules.fill, result.rules.lot) == (30, 5000, "close", 1)
    with pytest.raises(InvalidError, match="Known parameters"):
        al.lab.backtest(bars, "reversion/bollinger", perod=30)
    with pytest.raises(NotFoundError):
        al.lab.backtest(bars, "reversion/bolinger")


def test_a_sweep_runs_every_combination_and_says_how_far_it_is() -> None:
    bars = al.lab.load("sample")
    seen: list[tuple[int, int]] = []
    grid = {"period": [10, 20], "width": [1.5, 2.0, 9.0]}
    frame = al.lab.sweep(bars, "reversion/bollinger", grid, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 6) for done in range(1, 7)]
    assert frame.height == 6
    assert frame["sharpe"].drop_nulls().is_sorted(descending=True)
    best = frame.row(0, named=True)
    again = al.lab.backtest(bars, "reversion/bollinger", period=best["period"], width=best["width"])
    assert again.metrics["final_equity"] == best["final_equity"]
    with pytest.raises(InvalidError):
        al.lab.sweep(bars, "reversion/bollinger", {})
    with pytest.raises(InvalidError):
        al.lab.sweep(bars, "reversion/bollinger", {"period": []})


def test_a_picture_shows_candles_marks_and_equity() -> None:
    bars = al.lab.load("sample")
    result = al.lab.backtest(bars, "reversion/bollinger")
    figure = al.lab.plot(result, last=500)
    names = [trace.name for trace in figure.data]
    assert names == ["SPX", "buy", "sell", "equity"]
    assert len(figure.data[0].x) == len(figure.data[3].y) == 500
    assert len(figure.data[1].x) == sum((result.fills.quantity > 0) & (result.fills.row >= 5031 - 500))
    assert [trace.type for trace in al.lab.plot(bars).data] == ["candlestick"]


def test_a_sweep_over_two_processes_is_the_sweep_of_one(tmp_path: Path) -> None:
    bars = al.load("sample")
    grid = {"period": [10, 20, 30], "width": [1.5, 2.0]}
    seen: list[int] = []
    one = al.sweep(bars, "reversion/bollinger", grid, fee=0.0005)
    two = al.sweep(
        bars, "reversion/bollinger", grid, fee=0.0005, parallel=2, progress=lambda done, _: seen.append(done)
    )
    assert one.equals(two)
    assert seen == [3, 6]


def test_the_verbs_of_the_lab_stand_at_the_top_too() -> None:
    for name in ("backtest", "backtest_signals", "load", "plot", "report", "splits", "sweep", "why"):
        assert getattr(al, name) is getattr(al.lab, name)
    for module in (al, al.lab):
        with pytest.raises(AttributeError):
            module.nothing  # noqa: B018
