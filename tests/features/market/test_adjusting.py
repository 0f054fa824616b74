"""Reading across ex-dates: what is stored stays raw, what is read is exact, and nothing later is known."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import from_ms
from alphaloop.core.corporate import CorporateAction, parse_adjustment
from alphaloop.core.errors import InvalidError
from alphaloop.features.market import rules
from alphaloop.features.market.adjusting import ExDate, check_one_mode
from alphaloop.features.market.models import StoredMode
from alphaloop.features.market.reading import SeriesKey, newest_table, price_mode, read_after, read_series
from alphaloop.features.market.store import BarStore, rows_of
from tests.features.market.walks import walk

DAY_MS = 86_400_000
SYMBOL = "600519@XSHG"
DAILY = walk(40, start_ms=1_700_006_400_000, step_ms=DAY_MS)
EX_ROWS = (10, 25)
D = Decimal
ACTIONS = (
    CorporateAction(date(2023, 11, 25), cash=D("2.5")),
    CorporateAction(date(2023, 12, 10), bonus=D(1), cash=D("0.5")),
)
EX_DATES = tuple(ExDate(int(DAILY.ts[row]), action) for row, action in zip(EX_ROWS, ACTIONS, strict=True))


@pytest.fixture
def store(tmp_path: Path) -> BarStore:
    made = BarStore(tmp_path)
    made.append(SYMBOL, Timeframe.D1, DAILY)
    return made


def key(
    adjust: str, *, timeframe: Timeframe = Timeframe.D1, mode: StoredMode = StoredMode.RAW, **more: object
) -> SeriesKey:
    made = SeriesKey(
        SYMBOL, timeframe, "XSHG", (Timeframe.D1,), parse_adjustment(adjust), modes=(mode,), ex_dates=EX_DATES
    )
    return replace(made, **more)  # type: ignore[arg-type]


def hand_ratios() -> tuple[float, float]:
    first, second = (DAILY.close[row - 1] for row in EX_ROWS)
    return (first - 2.5) / first, (second - 0.5) / 2 / second


def test_forward_prices_are_those_of_the_newest_bar_whatever_part_is_read(store: BarStore) -> None:
    one, two = hand_ratios()
    whole = read_series(store, key("forward"))
    assert whole.close[:10] == pytest.approx(DAILY.close[:10] * one * two)
    assert whole.close[10:25] == pytest.approx(DAILY.close[10:25] * two)
    assert whole.close[25:].tolist() == DAILY.close[25:].tolist()
    assert whole.volume[:25] == pytest.approx(DAILY.volume[:25] * 2)
    part, more = newest_table(store, key("forward"), limit=5, before_ts=int(DAILY.ts[12]))
    assert more
    assert part.close.tolist() == whole.close[7:12].tolist()
    assert read_series(store, key("forward"), since_ts=int(DAILY.ts[8])).close.tolist() == whole.close[8:].tolist()


def test_backward_prices_start_from_the_first_bar_and_never_change_when_bars_come(store: BarStore) -> None:
    one, two = hand_ratios()
    back = read_series(store, key("backward"))
    assert back.close[:10].tolist() == DAILY.close[:10].tolist()
    assert back.close[30] == pytest.approx(DAILY.close[30] / one / two)
    early = read_series(
        store, key("backward"), as_of_ms=find_calendar("XSHG").close_ms(int(DAILY.ts[20]), Timeframe.D1)
    )
    assert early.close.tolist() == back.close[:21].tolist()


def test_as_of_a_moment_no_later_ex_date_is_known(store: BarStore) -> None:
    moment = find_calendar("XSHG").close_ms(int(DAILY.ts[20]), Timeframe.D1)
    then = read_series(store, key("forward"), as_of_ms=moment)
    known_then = read_series(store, key("forward", ex_dates=EX_DATES[:1]), as_of_ms=moment)
    assert len(then) == 21
    assert then.close.tolist() == known_then.close.tolist()
    assert then.close[20] == DAILY.close[20]
    window, _ = newest_table(store, key("forward"), limit=3, as_of_ms=moment)
    assert window.close.tolist() == then.close[-3:].tolist()
    pinned = read_series(store, key("forward@2023-12-05"))
    assert pinned.close[:21].tolist() == then.close.tolist()


def test_a_new_york_day_is_its_own_date_and_not_the_evening_before(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.append("AAPL@XNAS", Timeframe.D1, DAILY)
    american = key("forward", symbol="AAPL@XNAS", calendar="XNAS")
    table = read_series(store, american)
    assert table.close.tolist() != DAILY.close.tolist()
    assert table.close.tolist() == pytest.approx(
        DAILY.close * np.repeat([np.prod(hand_ratios()), hand_ratios()[1], 1.0], [10, 15, 15])
    )


def test_an_ex_date_to_come_changes_nothing(store: BarStore) -> None:
    later = (*EX_DATES, ExDate(int(DAILY.ts[-1]) + 5 * DAY_MS, CorporateAction(date(2024, 1, 1), cash=D(5))))
    assert (
        read_series(store, key("forward", ex_dates=later)).close.tolist()
        == read_series(store, key("forward")).close.tolist()
    )


def test_a_week_with_an_ex_date_in_it_is_made_of_adjusted_days(store: BarStore) -> None:
    weekly = read_series(store, key("forward", timeframe=Timeframe.W1))
    daily = read_series(store, key("forward"))
    for row, start in enumerate(weekly.ts.tolist()):
        inside = (daily.ts >= start) & (daily.ts < start + 7 * DAY_MS)
        assert weekly.high[row] == daily.high[inside].max()
        assert weekly.close[row] == daily.close[inside][-1]


def test_adjusted_prices_go_out_with_every_digit(store: BarStore) -> None:
    table = read_series(store, key("forward"))
    for row, close in zip(rows_of(table), table.close.tolist(), strict=True):
        assert float(row[4]) == close
        assert "e" not in str(row[4])


def test_prices_across_splits_still_owe_their_dividends(store: BarStore) -> None:
    table = read_series(store, key("forward", mode=StoredMode.SPLIT))
    second = DAILY.close[24]
    assert table.close[24] == pytest.approx(second - 0.5)
    assert table.volume.tolist() == DAILY.volume.tolist()


@pytest.mark.parametrize(
    ("mode", "code"),
    [
        (StoredMode.UNKNOWN, "price_mode_unknown"),
        (StoredMode.FORWARD, "already_adjusted"),
        (StoredMode.BACKWARD, "already_adjusted"),
    ],
)
def test_what_was_adjusted_or_never_said_is_not_adjusted_again(store: BarStore, mode: StoredMode, code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read_series(store, key("forward", mode=mode))
    assert refused.value.code == code
    assert len(read_series(store, key("none", mode=mode))) == 40


def test_orders_meet_traded_prices_only(store: BarStore) -> None:
    with pytest.raises(InvalidError) as refused:
        read_after(store, key("forward"), after_ts=int(DAILY.ts[3]), limit=1)
    assert refused.value.code == "traded_prices_needed"


def test_the_mode_is_named_for_ids_and_legends() -> None:
    assert key("none").mode == "none"
    assert key("forward-sub@2023-12-05").mode == "forward-sub@2023-12-05"
    assert key("forward", mode=StoredMode.SPLIT).mode == "split:forward"
    assert key("none", mode=StoredMode.UNKNOWN).mode == "unknown:none"


def test_an_id_changes_with_the_prices_and_with_nothing_else(store: BarStore) -> None:
    first, second = (from_ms(one.day).date() for one in sorted(EX_DATES, key=lambda one: one.day))
    calendar = find_calendar("XSHG")

    def named(adjust: str, row: int, **more: Any) -> str:
        moment = calendar.close_ms(int(DAILY.ts[row]), Timeframe.D1)
        return price_mode(store, key(adjust, **more), as_of_ms=moment).text

    texts = [named("forward", row) for row in range(len(DAILY))]
    days = [from_ms(int(ts)).date() for ts in DAILY.ts]
    for day, text in zip(days, texts, strict=True):
        anchor = "start" if day < first else first if day < second else second
        assert text == f"forward_asof:{anchor}:ratio"
    # Equal names mean equal prices: what was read before keeps them until the next ex-date.
    for row in range(1, len(DAILY)):
        moments = [calendar.close_ms(int(DAILY.ts[one]), Timeframe.D1) for one in (row - 1, row)]
        before, after = (read_series(store, key("forward"), as_of_ms=moment) for moment in moments)
        assert (after.close[:row] == pytest.approx(before.close)) == (texts[row] == texts[row - 1])
    assert named("forward-sub", -1) == f"forward_asof:{second}:cash"
    assert named(f"forward@{first}", -1) == f"forward_asof:{first}:ratio"
    assert (named("backward", 0), named("backward", -1)) == ("backward:ratio", "backward:ratio")
    assert (named("none", -1), named("none", -1, mode=StoredMode.UNKNOWN)) == ("none", "unknown/none")
    assert named("forward", -1, mode=StoredMode.SPLIT).startswith("split/forward_asof:")


def test_a_cross_section_of_unknown_or_mixed_prices_is_refused_by_name() -> None:
    assert check_one_mode([key("forward"), key("forward")]) == "forward"
    for bad, code in (
        (key("none", mode=StoredMode.UNKNOWN), "price_mode_unknown"),
        (key("none", mode=StoredMode.FORWARD), "price_modes_mixed"),
    ):
        with pytest.raises(InvalidError) as refused:
            check_one_mode([key("none"), bad])
        assert refused.value.code == code
        assert SYMBOL in {name for name, _ in refused.value.fields}


@pytest.mark.parametrize(
    ("asset", "stated", "note", "mode"),
    [
        ("CRYPTO", "", "", StoredMode.RAW),
        ("EQUITY", "", "", StoredMode.UNKNOWN),
        ("EQUITY", "", "unadjusted; volume in lots of 100", StoredMode.RAW),
        ("EQUITY", "", "forward-adjusted as shipped", StoredMode.FORWARD),
        ("ETF", "", "split-adjusted, not dividend-adjusted", StoredMode.SPLIT),
        ("ETF", "", "split-adjusted from raw prices with the factor files", StoredMode.SPLIT),
        ("EQUITY", "", "a few sessions, raw prices", StoredMode.RAW),
        ("EQUITY", "", "adjusted as shipped", StoredMode.UNKNOWN),
        ("EQUITY", "BACKWARD", "unadjusted", StoredMode.BACKWARD),
    ],
)
def test_a_series_is_what_its_source_or_its_note_says(asset: str, stated: str, note: str, mode: StoredMode) -> None:
    assert rules.held_mode(asset, stated=stated, note=note) is mode


def test_an_impossible_dividend_is_a_typed_refusal(store: BarStore) -> None:
    bad = (ExDate(int(DAILY.ts[5]), CorporateAction(date(2023, 11, 20), cash=D(1000))),)
    with pytest.raises(InvalidError) as refused:
        read_series(store, key("forward", ex_dates=bad))
    assert refused.value.code == "bad_corporate_action"


def test_adjustment_knows_session_dates_of_intraday_bars(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    start = 1_700_006_400_000 + 90 * 60_000  # 09:30 in Shanghai
    minutes = walk(240)
    ts = np.concatenate([start + day * DAY_MS + 60_000 * np.arange(120, dtype=np.int64) for day in (0, 1)])
    store.append(SYMBOL, Timeframe.M1, replace(minutes, ts=ts))
    ex = ExDate(1_700_006_400_000 + DAY_MS, CorporateAction(date(2023, 11, 16), bonus=D(1)))
    made = SeriesKey(
        SYMBOL,
        Timeframe.M1,
        "XSHG",
        (Timeframe.M1,),
        parse_adjustment("forward"),
        modes=(StoredMode.RAW,),
        ex_dates=(ex,),
    )
    table = read_series(store, made)
    assert table.close[:120] == pytest.approx(minutes.close[:120] / 2)
    assert table.close[120:].tolist() == minutes.close[120:].tolist()
