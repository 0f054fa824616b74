"""`alphaloop chan`: the Chan layers of a bar file, as a table for people or as JSON for scripts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from alphaloop.chan import ChanResult

app = typer.Typer(no_args_is_help=True, help="Chan theory (缠论): strokes, segments, pivots and points of a bar file.")

_BAD_INPUT = 2
_ROWS_SHOWN = 10


@app.callback()
def chan() -> None:
    """Chan theory (缠论) on a file of bars."""


@app.command()
def analyse(
    bars: Annotated[Path, typer.Argument(help="CSV or Parquet with columns ts, open, high, low, close, volume.")],
    config: Annotated[str, typer.Option("--config", help="Name of the Chan configuration.")] = "CN-STRICT-1",
    as_json: Annotated[bool, typer.Option("--json", help="Print every row as JSON.")] = False,
) -> None:
    """Analyse BARS; exit code 2 and one line on stderr when they cannot be read."""
    from alphaloop.chan import ChanInputError
    from alphaloop.chan import analyse as analyse_bars

    try:
        result = analyse_bars(bars, config)
    except (ValueError, OSError) as error:
        place = f"{bars.name}, " if isinstance(error, ChanInputError) else ""
        typer.echo(f"{place}{error}", err=True)
        raise typer.Exit(_BAD_INPUT) from None
    if as_json:
        import json

        typer.echo(json.dumps(result.to_golden(), ensure_ascii=False, allow_nan=False))
        return
    _print_summary(result)


def _print_summary(result: "ChanResult") -> None:
    from rich.console import Console
    from rich.table import Table

    golden = result.to_golden()
    console = Console()
    counts = Table(title=f"{result.config.name}, {len(result.ts)} bars", title_justify="left")
    for name in ("merged 包含", "fractals 分型", "strokes 笔", "segments 线段", "pivots 中枢", "points 买卖点"):
        counts.add_column(name, justify="right")
    counts.add_row(*(str(len(golden[key])) for key in ("merged", "fx", "bi", "seg", "zs", "bsp")))
    console.print(counts)
    for title, rows, lives in (
        ("Last segments", golden["seg"], result.tables.segments[0]),
        ("Last strokes", golden["bi"], result.tables.strokes),
    ):
        lines = Table(title=title, title_justify="left")
        for name in ("direction", "from", "to", "low", "high", "state"):
            lines.add_column(name)
        for row, life in zip(rows[-_ROWS_SHOWN:], lives[-_ROWS_SHOWN:], strict=True):
            state = "final" if life["final_at"] >= 0 else "sure" if row["sure"] else "provisional"
            cells = (row["direction"], row["start_ts"], row["end_ts"], row["low"], row["high"], state)
            lines.add_row(*map(str, cells))
        console.print(lines)
    points = Table(title="Last points", title_justify="left")
    for name in ("side", "type", "at", "price"):
        points.add_column(name)
    for row in golden["bsp"][-_ROWS_SHOWN:]:
        points.add_row(row["side"], ", ".join(row["types"]), str(row["ts"]), str(row["price"]))
    console.print(points)
