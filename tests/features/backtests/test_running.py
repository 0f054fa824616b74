"""What a run says of its bars besides what the strategy made of them."""

from pathlib import Path

from alphaloop.core.bar import Timeframe
from alphaloop.features.backtests.running import source_switches
from alphaloop.features.market.service import BarStore, SeriesKey
from tests.features.market.walks import MINUTE_MS, walk

DAY = 1440 * MINUTE_MS


def test_a_change_of_source_inside_the_tested_period_is_told_and_one_before_it_is_not(tmp_path: Path) -> None:
    store, table = BarStore(tmp_path), walk(30, step_ms=DAY)
    key = SeriesKey("BTC/USDT@binance", Timeframe.D1, "24x7", (Timeframe.D1,))
    for start, name in ((0, "old.csv"), (10, "new.csv"), (20, "old.csv")):
        store.append(key.symbol, Timeframe.D1, table.cut(start, start + 10), source=name)
    [note] = source_switches(store, key, table)
    assert (note.code, note.params["changes"], note.params["sources"]) == ("source_switch", 2, "old.csv, new.csv")
    assert note.params["first"] in str(note)
    [later] = source_switches(store, key, table.cut(15, 30))
    assert later.params["changes"] == 1
    assert source_switches(store, key, table.cut(20, 30)) == []
