import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alphaloop.kernels.chan import ChanConfig, config_from, config_named
from alphaloop.kernels.chan.explain import PointExplained, explain_point
from alphaloop.kernels.chan.explain.measures import Forces
from alphaloop.kernels.chan.forces import MEASURES, SEGMENT_MEASURES
from tests.kernels.chan.explain.analysed import REAL, STRICT, Analysed, analysed, long_bars, real_bars
from tests.kernels.chan.series import Bars, bars_through, random_bars

Floats = npt.NDArray[np.float64]
CONFIGS = [
    STRICT,
    config_named("czsc-6"),
    config_from({"pivot_rule": "alone"}),
    config_from({"pivot_rule": "across"}),
    config_from({"measure": "area", "segment_measure": "slope", "levels": 3, "single_line_pivot": True}),
    config_from({"measure": "half_area", "segment_measure": "amplitude", "third_peak": True, "third_strict": True}),
    config_from({"measure": "volume_avg", "segment_measure": "volume_avg", "second_follows": False}),
    config_from({"measure": "rsi", "divergence_rate": 1.5, "third_follows": False, "more_seconds_follow": True}),
]


def every_point(told: Analysed) -> list[PointExplained]:
    return [explain_point(*told, level, n) for level, table in enumerate(told.tables.points) for n in range(len(table))]


def what_is_said_is_true(told: Analysed) -> int:
    """How many points were looked at."""
    points = every_point(told)
    for one in points:
        row = told.tables.points[one.level][one.n]
        assert [check.key for check in one.checks if check.refuses] == [], one
        assert (one.idx, one.price, one.kind) == (row["idx"], row["price"], row["kind"])
        assert (one.line.end_idx, one.line.end_price) == (one.idx, one.price)
        assert one.line.direction == (-1 if one.kind[0] == "B" else 1)
        if one.kind[1:] in ("1", "1p"):
            decides = [measured for measured in one.measures if measured.decides]
            assert len(decides) == 1
            if row["sure"]:  # the last merged bar of a provisional line may have grown since it was measured
                assert decides[0].ratio == one.ratio
            assert [measured.name for measured in one.measures] == list(MEASURES)
            assert one.measure == (told.config.segment_measure if one.level else told.config.measure)
            assert one.ratio <= one.threshold == told.config.divergence_rate
        else:
            assert one.measures == ()
        the_places_fit(one, told)
    return len(points)


def the_places_fit(one: PointExplained, told: Analysed) -> None:
    kind = one.kind[1:]
    if told.config.pivot_rule == "alone":
        assert one.segment is None
    elif kind in ("1", "1p"):
        assert one.segment is not None
        assert one.segment.last_line == one.line.n
    else:
        assert one.segment is not None
        assert one.compared is not None
        assert one.segment.last_line == one.compared.n < one.line.n
    if kind in ("1", "3a", "3b") and not (one.pivot and one.pivot.last_line >= one.line.n):
        assert one.pivot is not None
        edge = one.pivot.zd if (one.kind[0] == "B") == (kind == "1") else one.pivot.zg
        outside = one.price < edge if edge == one.pivot.zd else one.price > edge
        assert outside or one.price == edge
    if kind == "1":
        assert one.pivot is not None
        assert one.compared is not None
        assert one.pivot.first_line == one.compared.n + 1


@pytest.mark.parametrize("name", REAL)
def test_on_real_series_every_point_meets_the_rules_it_is_told_by(test_data: Path, name: str) -> None:
    assert what_is_said_is_true(analysed(real_bars(test_data, name, 8000))) > 20


@settings(max_examples=60, deadline=None)
@given(bars=long_bars(), config=st.sampled_from(CONFIGS))
def test_under_any_configuration_every_point_meets_the_rules_it_is_told_by(bars: Bars, config: ChanConfig) -> None:
    what_is_said_is_true(analysed(bars, config))


def macd_histogram(close: Floats) -> list[float]:
    fast = slow = float(close[0])
    signal, found = 0.0, []
    for price in close.tolist():
        fast += (price - fast) * 2 / 13
        slow += (price - slow) * 2 / 27
        signal += (fast - slow - signal) * 2 / 10
        found.append(fast - slow - signal)
    return found


def wilder_rsi(close: Floats) -> list[float]:
    gain = loss = 0.0
    found = []
    for change in np.diff(close, prepend=close[0]).tolist():
        gain += (max(change, 0.0) - gain) / 14
        loss += (max(-change, 0.0) - loss) / 14
        found.append(100 * gain / (gain + loss) if gain + loss > 0 else 50.0)
    return found


class PlainForces:
    """The measures from lists of numbers, one line at a time."""

    def __init__(self, told: Analysed) -> None:
        close, volume = (np.asarray(told.bars[name], np.float64) for name in ("close", "volume"))
        self.tables, self.volume = told.tables, volume.tolist()
        self.hist, self.rsi = macd_histogram(close), wilder_rsi(close)

    def of(self, name: str, level: int, n: int) -> tuple[float, float]:
        row = (self.tables.segments[level - 1] if level else self.tables.strokes)[n]
        start, end = float(row["start_price"]), float(row["end_price"])
        first, last = int(row["start_idx"]), int(row["end_idx"])
        if name in ("slope", "amplitude"):
            force = abs(end - start) / (max(start, end) if name == "slope" else start)
            return (force / (last - first + 1 if name == "slope" else 1),) * 2
        if level and name in SEGMENT_MEASURES:
            return (self.of_parts(name, level, row),) * 2
        return self.of_bars(name, first, last, int(row["direction"]))

    def of_parts(self, name: str, level: int, row: Any) -> float:
        lines = self.tables.segments[level - 2] if level > 1 else self.tables.strokes
        numbers = range(int(row["first_line"]), int(row["last_line"]) + 1)
        own = [j for j in numbers if lines[j]["direction"] == row["direction"]]
        if name in ("peak", "area"):
            forces = [self.of(name, level - 1, j)[1] for j in own]
            return max(forces) if name == "peak" else sum(forces)
        whole = sum(self.of(name, level - 1, j)[1] for j in numbers)
        return whole / len(numbers) if name == "volume_avg" else whole

    def of_bars(self, name: str, first: int, last: int, d: int) -> tuple[float, float]:
        merged = self.tables.merged
        start, stop = first, last + 1
        if name not in ("area", "half_area"):
            # From the first raw bar of the merged bar it starts in to the last of the one it ends in.
            start = int(merged["start_idx"][np.searchsorted(merged["end_idx"], first)])
            stop = int(merged["end_idx"][np.searchsorted(merged["end_idx"], last)]) + 1
        hist, rsi, volume = (column[start:stop] for column in (self.hist, self.rsi, self.volume))
        if name == "half_area":
            return self._run(hist), self._run(hist[::-1])
        plain = {
            "peak": lambda: max(0.0, *(d * value for value in hist)),
            "area": lambda: sum(max(0.0, d * value) for value in hist),
            "diff": lambda: max(hist) - min(hist),
            "volume": lambda: sum(volume),
            "volume_avg": lambda: sum(volume) / (last - first + 1),
            "rsi": lambda: max(rsi) if d > 0 else 10000 / (min(rsi) + 1e-7),
        }
        return (plain[name](),) * 2

    def _run(self, hist: list[float]) -> float:
        """Area of the bars on the first one's side of zero, up to the first on the other."""
        area = abs(hist[0])
        for value in hist[1:]:
            if value * hist[0] <= 0:
                break
            area += abs(value)
        return area


@pytest.mark.parametrize("name", REAL[:2])
def test_every_measure_of_every_line_is_that_of_a_plain_reading(test_data: Path, name: str) -> None:
    told = analysed(real_bars(test_data, name, 3000), config_from({"levels": 2}))
    forces, plain = Forces(told.tables, told.bars), PlainForces(told)
    for level, table in enumerate((told.tables.strokes, *told.tables.segments)):
        for n in range(len(table)):
            for measure in MEASURES:
                expected = plain.of(measure, level, n)
                assert forces.of(measure, level, n) == pytest.approx(expected, rel=1e-9), (measure, level, n)


def test_a_test_that_holds_tells_what_it_gave_back(test_data: Path) -> None:
    told = analysed(real_bars(test_data, REAL[2], 8000))
    lines, tested = told.tables.strokes, 0
    for one in every_point(told):
        if one.level == 0 and one.kind[1:] in ("2", "2s"):
            assert one.compared is not None
            away = lines[one.compared.n + 1]
            length = abs(away["end_price"] - away["start_price"])
            share = abs(one.line.end_price - float(away["end_price"])) / length
            check = next(check for check in one.checks if check.key == "gives_back")
            assert one.ratio == check.value == pytest.approx(share)
            assert one.ratio <= one.threshold == STRICT.second_rate
            tested += 1
    assert tested > 20


def test_a_third_point_tells_how_far_price_stayed_from_the_pivot(test_data: Path) -> None:
    told = analysed(real_bars(test_data, REAL[3], 12000))
    thirds = [one for one in every_point(told) if one.kind[1] == "3"]
    assert {one.kind for one in thirds} == {"B3a", "B3b", "S3a", "S3b"}
    for one in thirds:
        assert one.pivot is not None
        check = next(check for check in one.checks if check.key == "stays_out")
        assert check.value == one.price
        assert check.limit == (one.pivot.zg if one.kind[0] == "B" else one.pivot.zd)
        assert math.isnan(one.ratio)
        assert math.isnan(one.threshold)


def test_the_life_of_a_point_is_told_with_that_of_its_line_and_segment(test_data: Path) -> None:
    told = analysed(real_bars(test_data, REAL[1], 5000))
    tables = told.tables
    for one in every_point(told):
        row = tables.points[one.level][one.n]
        life = (one.life.known_at, one.life.confirmed_at, one.life.final_at)
        assert life == (row["known_at"], row["confirmed_at"], row["final_at"])
        lines = tables.segments[one.level - 1] if one.level else tables.strokes
        assert one.line_final_at == lines[one.line.n]["final_at"]
        holder = [
            part["final_at"]
            for part in tables.segments[one.level]
            if part["first_line"] <= one.line.n <= part["last_line"]
        ]
        assert one.segment_final_at == (holder[0] if holder else -1)


FALL = (145, 150, (120, 8), 130, 122, 129)
"""Down fast to 120, then a pivot of 122..129 or so; what follows leaves it."""


def test_a_slow_new_low_below_a_pivot_is_told_with_both_forces() -> None:
    told = analysed(bars_through(*FALL, (119, 30), 121))
    (one,) = [one for one in every_point(told) if one.kind == "B1"]
    assert (one.key, one.measure) == ("trend_weakens", "peak")
    assert one.price == pytest.approx(118.9)
    (decides,) = [measured for measured in one.measures if measured.decides]
    assert 0 < decides.leaving < decides.entering
    assert decides.ratio == one.ratio == decides.leaving / decides.entering
    assert one.pivot is not None
    leaves = next(check for check in one.checks if check.key == "leaves")
    assert (leaves.value, leaves.limit) == (one.price, one.pivot.zd)


def test_a_missing_or_foreign_column_is_an_error_and_never_a_missing_measure() -> None:
    told = analysed(bars_through(*FALL, (119, 30), 121))
    (n,) = [n for n, kind in enumerate(told.tables.points[0]["kind"]) if kind == "B1"]
    for name in ("close", "volume"):
        bars = {key: values for key, values in told.bars.items() if key != name}
        with pytest.raises(ValueError, match=f"no column '{name}'"):
            explain_point(told.tables, bars, STRICT, 0, n)
    with pytest.raises(ValueError, match="the volume column has 2 rows"):
        explain_point(told.tables, told.bars | {"volume": [1.0, 2.0]}, STRICT, 0, n)


def test_a_volume_that_is_absent_leaves_only_the_volume_measures_without_a_ratio() -> None:
    bars = bars_through(*FALL, (119, 30), 121)
    told = analysed(bars._replace(volume=np.full(len(bars.ts_ms), np.nan)))
    (one,) = [one for one in every_point(told) if one.kind == "B1"]
    without = [measured.name for measured in one.measures if math.isnan(measured.ratio)]
    assert [name for name in without if "volume" in name] == ["volume", "volume_avg"]
    assert "peak" not in without


def test_an_unknown_point_is_refused() -> None:
    told = analysed(random_bars(400, 2))
    for level, n, what in ((9, 0, "level 9"), (0, 999, "point 999"), (0, -1, "point -1")):
        with pytest.raises(ValueError, match=what):
            explain_point(*told, level, n)
