"""A report as a file to take away: trades as CSV, and one HTML page without scripts."""

import csv
import html
import io
from datetime import UTC, datetime
from typing import Any

import orjson

from alphaloop.engine.notes import sentence_of

_COLUMNS = (
    "instrument",
    "side",
    "entry_time",
    "exit_time",
    "quantity",
    "entry_price",
    "exit_price",
    "fees",
    "pnl",
    "return",
    "mfe",
    "mae",
    "bars",
)
_STYLE = """body{font:14px/1.5 system-ui,sans-serif;max-width:960px;margin:2rem auto;padding:0 1rem;color:#1f2430}
table{border-collapse:collapse;margin:.5rem 0 1.5rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #e4e7ee}
th:first-child,td:first-child{text-align:left}
h1{font-size:1.3rem}h2{font-size:1rem;margin-top:2rem}svg{width:100%;height:220px}p{color:#5b6275}"""


def trades_csv(report: bytes) -> str:
    """One line per closed trade; times in UTC."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for trade in orjson.loads(report)["trades"]:
        times = {"entry_time": _time(trade["entry_ts"]), "exit_time": _time(trade["exit_ts"])}
        writer.writerow({**trade, **times, "instrument": _harmless(trade["instrument"])})
    return out.getvalue()


def report_html(report: bytes) -> str:
    """Metrics, curve, months, instruments and notes. Every text of the report is escaped."""
    made = orjson.loads(report)
    title = f"{made['strategy']} · {', '.join(one['name'] for one in made['instruments'][:5])}"
    parts = [
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{_time(made['first_ts'])} – {_time(made['last_ts'])} · run {html.escape(made['run_id'])}</p>",
        _svg(made["curve"]),
        "<h2>Metrics</h2>",
        _table(("metric", "value"), [(name, _figure(value)) for name, value in made["metrics"].items()]),
        "<h2>95 % intervals</h2>",
        _table(
            ("metric", "from", "to"),
            [(name, _figure(low), _figure(up)) for name, (low, up) in made["intervals"].items()],
        ),
        "<h2>Months</h2>",
        _months(made["monthly"]),
        "<h2>Instruments</h2>",
        _table(
            ("instrument", "trades", "profit", "win rate"),
            [
                (one["name"], one["trades"], _figure(one["pnl"]), _figure(one["win_rate"]))
                for one in made["instruments"]
            ],
        ),
        *(f"<p>{html.escape(sentence_of(note))}</p>" for note in made["notes"]),
        *(f"<p>No bars from {_time(gap['from_ts'])} to {_time(gap['to_ts'])}.</p>" for gap in made["gaps"]),
    ]
    head = (
        f'<!doctype html><html><head><meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    )
    return f"{head}</head><body>{''.join(parts)}</body></html>"


def _svg(curve: dict[str, Any]) -> str:
    values = curve["equity"]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    points = " ".join(
        f"{1000 * row / (len(values) - 1):.1f},{200 - 190 * (value - low) / span:.1f}"
        for row, value in enumerate(values)
    )
    line = f'<polyline fill="none" stroke="#2f6bff" stroke-width="1.5" points="{points}"/>'
    return f'<svg viewBox="0 0 1000 205" preserveAspectRatio="none" role="img" aria-label="equity">{line}</svg>'


def _months(rows: list[dict[str, Any]]) -> str:
    names = ("", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "year")
    return _table(
        names, [(row["year"], *(_percent(one) for one in row["months"]), _percent(row["whole"])) for row in rows]
    )


def _table(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    top = "".join(f"<th>{html.escape(name)}</th>" for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{html.escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _figure(value: float | int | None) -> str:
    if value is None:
        return "n/a"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def _time(ts_ms: int | None) -> str:
    if ts_ms is None:
        return ""
    return datetime.fromtimestamp(ts_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _harmless(text: str) -> str:
    """Spreadsheets run what begins like a formula."""
    return f"'{text}" if text[:1] in "=+-@" else text
