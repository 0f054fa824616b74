"""A picture of bars or of a backtest: candles, what was traded, and the money that came of it."""

from typing import TYPE_CHECKING, Any

from alphaloop.lab.bars import LabBars

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from alphaloop.engine.backtest import BacktestResult

_UP, _DOWN, _LINE = "#26a69a", "#ef5350", "#4f8cff"


def plot(what: "BacktestResult | LabBars", *, last: int = 2000, instrument: int = 0) -> "go.Figure":
    """A plotly figure of the last `last` rows: candles of one instrument, and for a result its trades and equity."""
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    if isinstance(what, LabBars):
        figure = go.Figure(_candles(what.name, what.series, slice(-last, None)))
        return _styled(figure, what.name)
    panel = what.panel
    rows = slice(max(0, len(panel.ts_ms) - last), None)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.03)
    name = panel.names[instrument]
    figure.add_trace(_candles(name, panel, rows, instrument), row=1, col=1)
    for trace in _marks(what, rows.start, instrument):
        figure.add_trace(trace, row=1, col=1)
    times = panel.ts_ms[rows].astype("datetime64[ms]")
    figure.add_trace(go.Scatter(x=times, y=what.equity[rows], name="equity", line={"color": _LINE}), row=2, col=1)
    return _styled(figure, f"{what.strategy} on {name}")


def _candles(name: str, source: Any, rows: slice, column: int | None = None) -> "go.Candlestick":
    import plotly.graph_objects as go

    def part(values: Any) -> Any:
        return values[rows] if column is None else values[rows, column]

    return go.Candlestick(
        x=source.ts_ms[rows].astype("datetime64[ms]"),
        open=part(source.open),
        high=part(source.high),
        low=part(source.low),
        close=part(source.close),
        name=name,
        increasing_line_color=_UP,
        decreasing_line_color=_DOWN,
    )


def _marks(result: "BacktestResult", first: int, column: int) -> list["go.Scatter"]:
    import plotly.graph_objects as go

    fills = result.fills
    times = result.panel.ts_ms.astype("datetime64[ms]")
    marks = []
    for label, symbol, color, sign in (("buy", "triangle-up", _UP, 1), ("sell", "triangle-down", _DOWN, -1)):
        chosen = (fills.column == column) & (fills.quantity * sign > 0) & (fills.row >= first)
        marks.append(
            go.Scatter(
                x=times[fills.row[chosen]],
                y=fills.price[chosen],
                mode="markers",
                name=label,
                marker={"symbol": symbol, "size": 10, "color": color},
            )
        )
    return marks


def _styled(figure: "go.Figure", title: str) -> "go.Figure":
    figure.update_layout(
        title=title,
        template="plotly_dark",
        xaxis_rangeslider_visible=False,
        margin={"l": 50, "r": 20, "t": 50, "b": 30},
    )
    return figure
