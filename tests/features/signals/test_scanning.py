"""What a strategy wants at the newest bars: the same rows as over history, in traded prices across ex-dates."""

import ast
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import InvalidError
from alphaloop.engine.features import build_panel
from alphaloop.engine.own_files import load_path
from alphaloop.engine.panel import Series, make_series
from alphaloop.engine.strategy import Strategy, desired_at, load_strategy
from alphaloop.features.signals import scanning
from alphaloop.features.signals.scanning import scan
from alphaloop.lab import load

STEP_MS = 60_000
# Long above the average of `period` closes, a stop at the lowest low of those rows.
FOLLOWER = """
from dataclasses import dataclass
import numpy as np
from alphaloop.engine.params import param
from alphaloop.engine.strategy import Signals, mark_episodes

CATEGORY, LABEL, SUMMARY = "trend_following", {"zh": "x", "en": "x"}, {"zh": "x", "en": "x"}
INSTRUMENTS = 1


@dataclass(frozen=True)
class Params:
    period: int = param(3, 2, 50, label_zh="x", label_en="x")


def warmup(params):
    return params.period


def needs(params):
    return []


def evaluate(panel, params):
    n = params.period
    rows = range(len(panel.close))
    mean = np.array([panel.close[max(0, t - n + 1) : t + 1].mean(axis=0) for t in rows])
    low = np.array([panel.low[max(0, t - n + 1) : t + 1].min(axis=0) for t in rows])
    target = np.where(panel.member, (panel.close > mean) * 1.0, np.nan)
    return Signals(target, mark_episodes(target), stop=low)
"""


@pytest.fixture
def follower(tmp_path: Path) -> Strategy:
    path = tmp_path / "follower.py"
    path.write_text(FOLLOWER, encoding="utf-8")
    return load_path(path)


def series(closes: list[float], name: str = "A", *, first: int = 0) -> Series:
    close = np.array(closes)
    ts = (np.arange(len(close), dtype=np.int64) + first) * STEP_MS
    return make_series(name, ts, close, close + 1, close - 1, close, np.ones(len(close)))


def test_the_newest_row_says_what_is_wanted_since_when_and_how_far_it_goes(follower: Strategy) -> None:
    [found] = scan(follower, [series([10, 10, 10, 10, 9, 12, 13])], follower.parse({}))
    assert (found["instrument"], found["target"], found["sizing"], found["reason"]) == ("A", 1.0, "WEIGHT", "")
    assert (found["episode"], found["age"], found["ts_ms"], found["close_ms"]) == (
        5 * STEP_MS,
        1,
        6 * STEP_MS,
        7 * STEP_MS,
    )
    assert (found["price"], found["stop"], found["group"]) == (13.0, 8.0, None)
    assert found["factors"] == {}  # too few bars for any
    moves = np.diff(np.log([10, 10, 10, 10, 9, 12, 13]))
    assert found["volatility"] == pytest.approx(moves.std(ddof=1))


def test_instruments_are_asked_at_their_own_newest_bar(follower: Strategy) -> None:
    rising, shorter = series([10, 10, 10, 10, 11]), series([10, 10, 10, 9], "B")
    first, second = scan(follower, [rising, shorter], follower.parse({}))
    assert (first["target"], first["ts_ms"]) == (1.0, 4 * STEP_MS)
    assert (second["target"], second["ts_ms"], second["age"]) == (0.0, 3 * STEP_MS, 0)


def test_every_prefix_says_what_the_whole_history_says_at_that_row(follower: Strategy) -> None:
    closes = (100 + np.cumsum(np.random.default_rng(3).normal(0, 1, 40))).tolist()
    params = follower.parse({})
    for rows in range(4, 41):
        [found] = scan(follower, [series(closes[:rows])], params)
        mean = np.mean(closes[rows - 3 : rows])
        assert found["target"] == float(closes[rows - 1] > mean)


def test_an_ex_date_is_no_fall_and_stops_are_in_traded_prices(follower: Strategy) -> None:
    # Two shares for one before row 4: ten falls to five, and nothing has happened.
    split = CorporateAction(date(1970, 1, 1), bonus=Decimal(1))
    bars = series([10, 10, 10, 10, 5, 5.5])
    day = 4 * STEP_MS
    [blind] = scan(follower, [bars], follower.parse({}))
    [seeing] = scan(follower, [bars], follower.parse({}), passed={"A": [(day, split)]})
    assert (blind["target"], seeing["target"]) == (0.0, 1.0)
    # The lowest low of the last three rows is row 4's: 4 of the shares that trade now, 8 of those before.
    assert seeing["stop"] == pytest.approx(4.0)
    assert seeing["price"] == 5.5


def test_too_few_bars_or_instruments_are_refused_by_name(follower: Strategy) -> None:
    with pytest.raises(InvalidError) as refused:
        scan(follower, [series([11, 12, 13])], follower.parse({}))
    assert refused.value.code == "too_few_bars"
    with pytest.raises(InvalidError) as refused:
        scan(follower, [], follower.parse({}))
    assert refused.value.code == "too_few_instruments"


def test_factors_are_those_of_the_newest_bar(follower: Strategy) -> None:
    closes = [100.0] * 8 + [100 + n % 7 for n in range(22)]
    [found] = scan(follower, [series(closes)], follower.parse({}))
    assert found["factors"].keys() == {"short_reversal"}
    assert found["factors"]["short_reversal"] == pytest.approx(-(closes[-1] / closes[-22] - 1))


def test_scanning_files_stands_on_floors_that_a_plain_installation_has() -> None:
    tree = ast.parse(Path(scanning.__file__).read_text(encoding="utf-8"))
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = {name.split(".")[1] for name in named if name.startswith("alphaloop.")}
    assert ours <= {"core", "engine", "kernels"}


@pytest.mark.parametrize("key", ["reversion/bollinger", "trend/golden_cross"])
def test_a_scan_at_any_row_wants_what_the_backtest_wants_there(key: str) -> None:
    strategy, whole = load_strategy(key), load("sample").series
    params = strategy.parse({})
    seen = build_panel([whole], strategy, params)
    signals = strategy.evaluate(seen, params)
    wanting = 0
    for rows in range(400, len(whole.ts_ms), 311):
        columns: dict[str, Any] = {name: getattr(whole, name)[:rows] for name in whole._fields[1:]}
        part = whole._replace(**columns)
        wanted = desired_at(signals, rows - 1)
        found = scan(strategy, [part], params)
        assert [one["target"] for one in found] == ([] if wanted.target is None else [wanted.target])
        if found:
            assert found[0]["episode"] == int(whole.ts_ms[wanted.episode])
            wanting += 1
    assert wanting > 3
