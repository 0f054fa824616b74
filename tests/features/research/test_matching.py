"""A screen finds exactly the instruments whose structures answer it, and looks no further than it must."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.adapters.feeds import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.features.market.resample import resample
from alphaloop.features.research.matching import Member, Outcome, reached_at, screen
from alphaloop.features.research.screening import parse_query
from alphaloop.kernels.chan import ChanState, ChanTables, asof_features, config_named
from tests.features.market.walks import MINUTE_MS, walk

CONFIG = config_named("CN-STRICT-1")
ROUND_THE_CLOCK = find_calendar("24x7")
SEEDS = range(40)
WALKS = {f"C{seed}": walk(1500, seed=seed) for seed in SEEDS}


def member(name: str, table: BarTable, source: Timeframe = Timeframe.M1) -> Member:
    def read(timeframe: Timeframe) -> BarTable:
        if timeframe is source:
            return table
        return resample(table, source=source, target=timeframe, calendar=ROUND_THE_CLOCK)

    return Member(name, ROUND_THE_CLOCK, read)


def matches(query: Any, tables: dict[str, BarTable] = WALKS) -> dict[str, list[dict[str, Any]]]:
    outcomes = screen([member(name, table) for name, table in tables.items()], parse_query(query))
    return {one.name: one.facts for one in outcomes if one.facts is not None}


def tables_of(table: BarTable) -> ChanTables:
    state = ChanState(CONFIG)
    state.extend(table.ts, table.open, table.high, table.low, table.close, table.volume)
    return state.tables()


@pytest.mark.parametrize("level", ["stroke", "segment"])
@pytest.mark.parametrize("stage", ["shown", "sure", "settled", "proven"])
def test_a_point_counts_from_the_bar_at_which_it_reached_its_stage(level: str, stage: str) -> None:
    within = 60 if level == "stroke" else 400
    expected = {}
    for name, table in WALKS.items():
        tables = tables_of(table)
        place = ("stroke", "segment").index(level)
        lines = (tables.strokes, tables.segments[0])[place]
        for point in tables.points[place]:
            reached = {
                "shown": int(point["known_at"]),
                "sure": int(point["confirmed_at"]),
                "settled": int(lines[point["line"]]["final_at"]),
                "proven": int(point["final_at"]),
            }[stage]
            if stage == "settled" and reached >= 0:
                reached = max(reached, int(point["known_at"]))
            if point["kind"] in ("B1", "B2", "B3a") and reached >= len(table) - within:
                expected.setdefault(name, set()).add((int(table.ts[point["idx"]]), len(table) - 1 - reached))
    found = matches(
        [{"timeframe": "1m", "level": level, "point": ["B1", "B2", "B3a"], "within_bars": within, "stage": stage}]
    )
    assert found.keys() == expected.keys()
    for name, (facts,) in found.items():
        point = facts["point"]
        assert (point["ts"], point["age"]) in expected[name]
        assert point["ts"] == max(ts for ts, _ in expected[name])


def test_the_place_of_the_close_and_the_direction_are_those_of_the_newest_row() -> None:
    by_place = {place: matches([{"timeframe": "1m", "price": place}]) for place in ("above_pivot", "below_pivot")}
    inside = matches([{"timeframe": "1m", "price": "in_pivot"}])
    up = matches([{"timeframe": "1m", "level": "segment", "direction": "up"}])
    for name, table in WALKS.items():
        tables = tables_of(table)
        assert (name in up) is bool(tables.segments[0][-1]["direction"] > 0)
        pivots, close = tables.pivots[0], table.close[-1]
        if not len(pivots):
            assert not any(name in found for found in (*by_place.values(), inside))
            continue
        assert (name in by_place["above_pivot"]) is bool(close > pivots[-1]["zg"])
        assert (name in by_place["below_pivot"]) is bool(close < pivots[-1]["zd"])
        assert (name in inside) is bool(pivots[-1]["zd"] <= close <= pivots[-1]["zg"])
    assert all((by_place["above_pivot"], by_place["below_pivot"], inside, up))


def test_without_a_point_the_ratio_is_the_one_a_strategy_reads() -> None:
    found = matches([{"timeframe": "1m", "ratio_below": 0.8}])
    for name, table in WALKS.items():
        columns = (table.ts, table.open, table.high, table.low, table.close, table.volume)
        ratio = float(asof_features(*columns, CONFIG, ["divergence_ratio"])["divergence_ratio"][-1])
        assert (name in found) is (ratio < 0.8)
        if name in found:
            assert found[name][0]["ratio"] == round(ratio, 4)
    assert 0 < len(found) < len(WALKS)


def test_with_a_point_the_ratio_is_the_points_own() -> None:
    asked = {"timeframe": "1m", "point": ["B1", "B1p", "S1", "S1p"], "within_bars": 1000}
    every, low = matches([asked]), matches([{**asked, "ratio_below": 0.5}])
    assert 0 < len(low) < len(every)
    assert all(facts["point"]["ratio"] < 0.5 for (facts,) in low.values())


def test_a_nested_point_lies_inside_the_last_stroke_of_the_point_it_confirms() -> None:
    long = {f"L{seed}": walk(6000, seed=seed) for seed in range(12)}
    asked = {"timeframe": "5m", "point": ["B1", "B1p", "B2", "B2s", "S1", "S1p", "S2", "S2s"], "within_bars": 900}
    plain = matches([asked], long)
    found = matches([{**asked, "nested": {"timeframe": "1m", "stage": "sure"}}], long)
    assert 0 < len(found) <= len(plain)
    for name, (facts,) in found.items():
        upper = resample(long[name], source=Timeframe.M1, target=Timeframe.M5, calendar=ROUND_THE_CLOCK)
        tables, point, inner = tables_of(upper), facts["point"], facts["point"]["nested"]
        (row,) = {int(p["line"]) for p in tables.points[0] if upper.ts[p["idx"]] == point["ts"]}
        stroke = tables.strokes[row]
        assert upper.ts[stroke["start_idx"]] <= inner["ts"] <= upper.ts[stroke["end_idx"]] + 4 * MINUTE_MS
        assert inner["kind"][0] == point["kind"][0]
        assert inner["stage"] in ("sure", "settled")


def test_all_conditions_must_hold_and_the_first_that_fails_spares_the_rest() -> None:
    read: list[tuple[str, Timeframe]] = []

    def noting(name: str, table: BarTable) -> Member:
        inner = member(name, table)

        def reading(timeframe: Timeframe) -> BarTable:
            read.append((name, timeframe))
            return inner.read(timeframe)

        return Member(name, ROUND_THE_CLOCK, reading)

    first, second = {"timeframe": "5m", "direction": "up"}, {"timeframe": "1m", "direction": "down"}
    query = parse_query([first, second, {"timeframe": "5m", "level": "segment", "direction": "up"}])
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(screen([noting(name, table) for name, table in WALKS.items()], query, pool))
    assert [one.name for one in outcomes] == list(WALKS)
    both = {one.name for one in outcomes if one.facts is not None}
    third = {"timeframe": "5m", "level": "segment", "direction": "up"}
    assert both == matches([first]).keys() & matches([second]).keys() & matches([third]).keys()
    passed_first = matches([first]).keys()
    assert {name for name, timeframe in read if timeframe is Timeframe.M1} == passed_first
    assert len([one for one in read if one[1] is Timeframe.M5]) == len(WALKS)


def test_an_instrument_that_cannot_be_looked_at_says_why_and_stops_nothing() -> None:
    table = walk(300)
    wrong = replace(table, low=np.where(np.arange(300) == 7, -1.0, table.low))

    def nothing(timeframe: Timeframe) -> BarTable:
        raise NotFoundError("There are no bars.", code="series_not_found")

    members = [
        Member("absent", ROUND_THE_CLOCK, nothing),
        member("wrong", wrong),
        member("empty", table.cut(0, 0)),
        member("one", table.cut(0, 1)),
        member("fine", table),
    ]
    for pool in (None, ThreadPoolExecutor(2)):
        outcomes = list(screen(members, parse_query([{"timeframe": "1m", "direction": "up"}]), pool))
        assert [(one.name, one.code) for one in outcomes] == [
            ("absent", "series_not_found"),
            ("wrong", "series_damaged"),
            ("empty", "no_bars"),
            ("one", ""),
            ("fine", ""),
        ]
        assert outcomes[3] == Outcome("one")
    with pytest.raises(InvalidError, match="CN-STRICT-1"):
        list(screen(members, parse_query({"conditions": [{"timeframe": "1m", "direction": "up"}], "config": "X"})))


def test_a_point_that_left_its_stroke_later_than_its_line_settled_is_not_acted_on_earlier() -> None:
    for table in WALKS.values():
        tables = tables_of(table)
        settled = reached_at(tables, 0, "settled")
        assert (settled[settled >= 0] >= tables.points[0]["known_at"][settled >= 0]).all()


@pytest.mark.data
def test_a_real_second_buy_is_found_while_it_is_fresh_and_not_afterwards(test_data: Path) -> None:
    whole = read_bar_file(test_data / "data" / "bars" / "crypto" / "binance" / "BTCUSDT" / "5m.parquet").cut(0, 9000)
    points = tables_of(whole).points[0]
    fresh = points[points["kind"] == "B2"]["known_at"]
    assert len(fresh) > 3
    for known in fresh[:6].tolist():
        for age, wanted in ((0, True), (4, None), (400, None)):
            part = whole.cut(0, known + age + 1)
            there = tables_of(part).points[0]
            shown = {int(p["known_at"]) for p in there if p["kind"] == "B2"}
            expected = any(at > known + age - 5 for at in shown)
            query = parse_query([{"timeframe": "5m", "point": ["B2"], "within_bars": 5}])
            (outcome,) = screen([member("BTC", part, Timeframe.M5)], query)
            assert (outcome.facts is not None) is expected
            if wanted is not None and known in shown:
                assert expected is wanted
