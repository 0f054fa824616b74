"""A backtest under the market's rules makes the trades of its own replay: in order, which way, at which price."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from alphaloop.adapters.feeds._bar_files import read_bar_file
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.bar import Timeframe
from alphaloop.core.calendar import find_calendar
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.convert import to_float
from alphaloop.engine.panel import make_series
from alphaloop.engine.strategy import load_strategy
from alphaloop.features.accounts.models import Account
from alphaloop.features.orders.models import FillRow
from alphaloop.infra.http.doors import Wiring
from tests.builders import BTC
from tests.journeys.test_loop import Floor, open_floor, wiring

__all__ = ["wiring"]

STRATEGIES: dict[str, dict[str, Any]] = {
    "trend/golden_cross": {"fast": 5, "slow": 20},
    "reversion/bollinger": {"period": 10, "width": 1.0},
    "chan/multi_level": {},
}
# A stretch in which all of them trade and close their trades.
FIRST, LAST, PLAYED = 5500, 6200, 400


@pytest.mark.data
@pytest.mark.parametrize("key", STRATEGIES)
async def test_a_backtest_makes_the_trades_of_its_own_replay(wiring: Wiring, test_data: Path, key: str) -> None:
    (path,) = (test_data / "data" / "bars").glob("crypto/binance/BTCUSDT/30m*")
    table = read_bar_file(path)
    columns = {name: getattr(table, name)[FIRST:LAST] for name in ("ts", "open", "high", "low", "close", "volume")}
    real = BarTable.of(columns, price_decimals=table.price_decimals, volume_decimals=table.volume_decimals)
    floor = await open_floor(wiring, real)
    account_id = await floor.start(key, STRATEGIES[key])
    assert await floor.play(1000) == PLAYED
    replayed, fee, slippage = await _replayed(floor, account_id)

    strategy = load_strategy(key)
    calendar = find_calendar(BTC.calendar)
    ends = np.array([calendar.close_ms(int(ts), Timeframe.M30) for ts in real.ts], dtype=np.int64)
    series = make_series(BTC.symbol, real.ts, real.open, real.high, real.low, real.close, real.volume, close_ms=ends)
    made = run_backtest(
        strategy,
        series,
        strategy.parse(STRATEGIES[key]),
        cash=100_000.0,
        fee=fee,
        slippage=slippage,
        start_bar=len(real.ts) - PLAYED,
        instruments=[BTC],
    )
    fills = made.fills
    assert len(replayed) > 5
    assert np.where(fills.quantity > 0, "BUY", "SELL").tolist() == [side for side, _ in replayed]
    # The venue trades on the tick, rounded against the one who trades; the backtest where slippage puts the price.
    assert fills.price == pytest.approx([price for _, price in replayed], abs=0.0101)


async def _replayed(floor: Floor, account_id: int) -> tuple[list[tuple[str, float]], float, float]:
    async with floor.wiring.db.read() as session:
        rows = await session.scalars(select(FillRow).where(FillRow.account_id == account_id).order_by(FillRow.id))
        fills = [(str(one.side), to_float(one.price)) for one in rows]
        account = await session.get(Account, account_id)
        assert account is not None
        return fills, to_float(account.fee_rate), to_float(account.slippage_bps) / 1e4
