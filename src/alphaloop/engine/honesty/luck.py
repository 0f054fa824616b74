"""How the run would have gone with other luck: the same trades drawn anew, and the same bars in another order."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import BacktestResult, run_backtest
from alphaloop.engine.honesty.periods import Bars, all_series, figure, row_times
from alphaloop.engine.panel import Floats, Ints, Series
from alphaloop.engine.strategy import Strategy
from alphaloop.kernels.resampling import QUANTILES, TradeLuck, block_length, stationary_rows, trade_luck


@dataclass(frozen=True, slots=True)
class MarketLuck:
    """A metric on markets made of the same bars in another order, float64[5] at 5, 25, 50, 75 and 95 %.

    `probability` is how likely another order does as well as the real one did, `loss_chance` the share of orders in
    which the metric was zero or less; `told` of the `draws` had a metric. Blocks were `block` rows long on average.
    """

    metric: str
    value: float
    quantiles: Floats
    probability: float
    loss_chance: float
    draws: int
    told: int
    block: float


def trade_chances(result: BacktestResult, *, draws: int = 1000, seed: int = 0) -> TradeLuck:
    """The closed trades of a run, each as a return on the equity at its entry, drawn anew and reordered."""
    returns = []
    for trade in result.trades:
        before = result.equity[trade.entry_row - 1] if trade.entry_row > 0 else result.rules.cash
        returns.append(trade.pnl / before if before > 0.0 else -1.0)
    return trade_luck(np.array(returns), draws, seed)


def market_luck(
    strategy: Strategy,
    bars: Bars,
    params: Any,
    *,
    draws: int = 100,
    block: float | None = None,
    metric: str = "sharpe",
    seed: int = 0,
    **options: Any,
) -> MarketLuck:
    """Run the strategy on `draws` markets that have the same bars but no memory beyond a block.

    With the default block these are markets that might as well have come: read `loss_chance`. It is as long as the
    memory of the first instrument's returns, and no shorter than the rows that a trade takes from the first one looked
    back at to the exit, else the draw would cut through what the strategy follows; a tenth of the rows at most.

    With `block=1` nothing but the drift is left: whoever lives on patterns must be better on the real order, and
    `probability` is the test of that (Masters, 2006). `options` are those of `run_backtest`, less instruments, whose
    rules hang on dates.
    """
    if options.get("instruments") is not None:
        raise InvalidError("Drawn markets have no dates for market rules to hang on.", code="no_dates")
    result = run_backtest(strategy, bars, params, **options)
    length = _whole_trades(strategy, bars, params, result) if block is None else block
    value = figure(result, metric)
    rng = np.random.default_rng(seed)
    rows = len(row_times(bars))
    found = []
    for _ in range(draws):
        drawn = resample_bars(bars, stationary_rows(rng, rows - 1, length)[0])
        found.append(figure(run_backtest(strategy, drawn, params, **options), metric))
    told = np.array(found)[np.isfinite(found)]
    # The real order is one of the orders: without it no probability could be trusted near zero.
    as_good = (1 + int(np.sum(told >= value))) / (1 + len(told)) if len(told) and np.isfinite(value) else np.nan
    return MarketLuck(
        metric=metric,
        value=value,
        quantiles=np.quantile(told, QUANTILES) if len(told) else np.full(len(QUANTILES), np.nan),
        probability=float(as_good),
        loss_chance=float(np.mean(told <= 0.0)) if len(told) else float("nan"),
        draws=draws,
        told=len(told),
        block=length,
    )


def _whole_trades(strategy: Strategy, bars: Bars, params: Any, result: BacktestResult) -> float:
    memory = block_length(np.diff(np.log(all_series(bars)[0].close)))
    held = float((result.trips.exit_row - result.trips.entry_row).mean()) if len(result.trips.pnl) else 0.0
    return max(memory, min(strategy.warmup(params) + held, len(result.equity) / 10.0))


def resample_bars(bars: Bars, rows: Ints) -> Bars:
    """A market of the same bars in another order: row t + 1 moves as row `rows[t]` + 1 did, for all instruments alike.

    `rows` int64[T - 1]. Times stay; prices follow from the first bar by each bar's moves since the close before it. An
    instrument has a bar where the drawn row had one.
    """
    times = row_times(bars)
    parts = [_reordered(series, times, rows) for series in all_series(bars)]
    return parts[0] if isinstance(bars, Series) else parts


def _reordered(series: Series, times: Ints, rows: Ints) -> Series:
    if len(series.ts_ms) == 0:
        return series
    own = np.searchsorted(times, series.ts_ms)
    before = np.r_[series.close[0], series.close[:-1]]
    moves = np.full((5, len(times)), np.nan)
    moves[:4, own] = np.stack([series.open, series.high, series.low, series.close]) / before
    moves[4, own] = series.volume
    spans = np.full(len(times), int(np.median(series.close_ms - series.ts_ms)))
    spans[own] = series.close_ms - series.ts_ms
    drawn = np.concatenate([moves[:, :1], moves[:, rows + 1]], axis=1)
    present = np.flatnonzero(np.isfinite(drawn[3]))
    drawn = drawn[:, present]
    closes = series.close[0] * np.cumprod(drawn[3])
    origin = np.r_[series.close[0], closes[:-1]]
    o, h, low = (origin * moved for moved in drawn[:3])
    # One product of floats may round past another; a bar must still contain its own prices.
    high, lowest = np.maximum.reduce([o, h, closes]), np.minimum.reduce([o, low, closes])
    ts = times[present]
    return Series(series.name, ts, ts + spans[present], o, high, lowest, closes, drawn[4])
