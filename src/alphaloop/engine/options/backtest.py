"""An option strategy over history: the book's walk and the figures that every other backtest quotes too."""

import dataclasses
import hashlib
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from alphaloop import __version__
from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import periods_per_year
from alphaloop.engine.features import build_panel
from alphaloop.engine.notes import Note
from alphaloop.engine.options.book import OptionBook
from alphaloop.engine.options.fills import OptionFill, OptionTrade, Refused
from alphaloop.engine.options.legs import Contracts, Legs
from alphaloop.engine.options.quotes import Market, ModelQuotes, Terms
from alphaloop.engine.panel import Floats, Panel, Series
from alphaloop.engine.strategy import Signals, Strategy
from alphaloop.kernels import metrics as figures

LegsOf = Callable[[Panel, Any], Legs]
MarketOf = Callable[[Panel, Contracts, Terms], Market]


@dataclass(frozen=True, slots=True)
class OptionResult:
    """What a run showed. Equal `run_id`s mean equal results; `notes` say how options were priced.

    `metrics` are named as in a backtest without options; a trade is a group of legs from beginning to end. `equity`
    and `margin` are float64[T], one value per row of `panel`, after that row's close.
    """

    run_id: str
    strategy: str
    params: Mapping[str, Any]
    terms: Terms
    metrics: dict[str, float | int | None]
    trades: tuple[OptionTrade, ...]
    fills: tuple[OptionFill, ...]
    refused: tuple[Refused, ...]
    equity: Floats
    margin: Floats
    panel: Panel
    signals: Signals
    legs: Legs
    notes: tuple[Note, ...]
    cash: float
    start: int
    stopped: int = -1

    def __str__(self) -> str:
        given = ", ".join(f"{name}={value}" for name, value in self.params.items())
        lines = [f"{self.strategy}({given}) on {', '.join(self.panel.names)}"]
        for name, value in self.metrics.items():
            text = "n/a" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"
            lines.append(f"  {name:<14}{text:>18}")
        return "\n".join([*lines, *map(str, self.notes)])


def run_option_backtest(
    strategy: Strategy,
    legs_of: LegsOf,
    bars: Series,
    params: Any,
    *,
    extras: Mapping[str, Floats],
    cash: float = 1_000_000.0,
    terms: Terms | None = None,
    start_bar: int | None = None,
    market_of: MarketOf = ModelQuotes,
) -> OptionResult:
    """Run a strategy of option legs over its underlying. `legs_of` is the `legs` function of the strategy's file.

    `extras` are float64[T,1] on the rows of `bars`; the model asks for `vix` (as quoted) and `rate` (a year, 0.02 is
    two per cent). `market_of` gives the quotes, by default the model. InvalidError for extras that are missing or
    of another length, no cash, or legs that do not fit.
    """
    if not 0.0 < cash < math.inf:
        raise InvalidError("A backtest needs cash.", code="out_of_bounds", fields=(("cash", "out_of_bounds"),))
    terms = terms or Terms()
    for name, values in extras.items():
        if values.shape != (len(bars.ts_ms), 1):
            raise InvalidError(f"{name} needs one value per bar.", code="bad_extra")
    panel = build_panel(bars, strategy, params, start=start_bar, extras=extras)
    signals, legs = strategy.evaluate(panel, params), legs_of(panel, params)
    market = market_of(panel, legs.contracts, terms)
    book = OptionBook(panel=panel, legs=legs, market=market, cash=cash, terms=terms, signals=signals).run()
    start = strategy.warmup(params) if start_bar is None else start_bar
    return OptionResult(
        run_id=_run_id(strategy, panel, params, terms, cash),
        strategy=strategy.key,
        params=dataclasses.asdict(params),
        terms=terms,
        metrics=_metrics(book, cash, start),
        trades=tuple(book.trades),
        fills=tuple(book.fills),
        refused=tuple(book.refused),
        equity=book.equity,
        margin=book.margin,
        panel=panel,
        signals=signals,
        legs=legs,
        notes=_notes(book, market, terms),
        cash=cash,
        start=start,
        stopped=book.stopped,
    )


def _metrics(book: OptionBook, cash: float, start: int) -> dict[str, float | int | None]:
    curve = np.concatenate([[cash], book.equity[start:]])
    pnl = np.array([trade.pnl for trade in book.trades])
    rate = periods_per_year(book.panel.ts_ms)
    ratios = {
        "total_return": figures.total_return(curve),
        "cagr": figures.cagr(curve, rate),
        "sharpe": figures.sharpe(curve, rate),
        "sortino": figures.sortino(curve, rate),
        "max_drawdown": figures.max_drawdown(curve),
        "calmar": figures.calmar(curve, rate),
        "win_rate": figures.win_rate(pnl),
        "profit_factor": figures.profit_factor(pnl),
        "expectancy": figures.expectancy(pnl),
    }
    return {
        "trades": len(book.trades),
        "open_trades": len(book.held),
        "final_equity": float(book.equity[-1]),
        "fees": float(sum(fill.fee for fill in book.fills)),
        "bars": len(book.panel.ts_ms),
        **{name: value if math.isfinite(value) else None for name, value in ratios.items()},
    }


def _notes(book: OptionBook, market: Market, terms: Terms) -> tuple[Note, ...]:
    notes = [*market.notes, Note("option_fills")]
    notes.append(Note("options_delivered" if terms.delivery else "options_settled_in_cash"))
    refused = Counter(one.why for one in book.refused)
    notes += [Note(f"refused_{why}", {"count": refused[why]}) for why in _REFUSED if refused[why]]
    called = sum(trade.ended == "margin_call" for trade in book.trades)
    if called:
        notes.append(Note("margin_called", {"count": called}))
    if book.stopped >= 0:
        notes.append(Note("emptied", {"row": book.stopped}))
    return tuple(notes)


_REFUSED = ("expired", "no_quote", "too_small", "no_cash", "no_margin")


def _run_id(strategy: Strategy, panel: Panel, params: Any, terms: Terms, cash: float) -> str:
    digest = hashlib.sha256()
    for part in (panel.ts_ms, panel.close_ms, panel.close, panel.member, *(v for _, v in sorted(panel.extras.items()))):
        digest.update(np.ascontiguousarray(part).tobytes())
    told = {
        "strategy": strategy.key,
        "source": strategy.source_hash,
        "params": dataclasses.asdict(params),
        "terms": dataclasses.asdict(terms),
        "cash": cash,
        "names": [*panel.names, *sorted(panel.extras)],
        "version": __version__,
    }
    digest.update(json.dumps(told, sort_keys=True).encode())
    return digest.hexdigest()[:16]
