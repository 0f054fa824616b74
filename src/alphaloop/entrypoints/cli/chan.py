"""`alphaloop chan`: the Chan layers of a bar file, why they are so, and screens over a folder of files; in words and
tables for people or as JSON for scripts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from alphaloop.chan import ChanResult
    from alphaloop.features.research.matching import Outcome

app = typer.Typer(no_args_is_help=True, help="Chan theory (缠论): strokes, segments, pivots and points of a bar file.")

_BAD_INPUT = 2
_ROWS_SHOWN = 10
_CHUNK = 32  # series in memory at a time
_READERS = 2


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
        _refuse(f"{place}{error}")
    if as_json:
        import json

        typer.echo(json.dumps(result.to_golden(), ensure_ascii=False, allow_nan=False))
        return
    _print_summary(result)


@app.command()
def explain(
    bars: Annotated[Path, typer.Argument(help="CSV or Parquet file of bars.")],
    point: Annotated[str | None, typer.Option("--point", help="Number of a point.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", help="Number of a segment.")] = None,
    pair: Annotated[str | None, typer.Option("--pair", help="Rows of two fractals, such as 120,131.")] = None,
    level: Annotated[str, typer.Option("--level", help="0: on strokes, 1: on segments.")] = "0",
    config: Annotated[str, typer.Option("--config", help="Name of the Chan configuration.")] = "CN-STRICT-1",
    as_json: Annotated[bool, typer.Option("--json", help="Print keys and numbers as JSON.")] = False,
) -> None:
    """Say why a point is there, why a segment ends where it does, or why two fractals are no stroke."""
    import json
    from dataclasses import asdict

    from alphaloop.chan import analyse as analyse_bars
    from alphaloop.chan import in_words

    if sum(one is not None for one in (point, segment, pair)) != 1:
        _refuse("Ask for one thing: --point N, --segment N or --pair A,B.")
    try:
        result = analyse_bars(bars, config)
        told: Any
        if pair is not None:
            one, _, other = pair.partition(",")
            told = result.explain_pair(_row("pair", one), _row("pair", other))
        elif point is not None:
            told = result.explain_point(_row("point", point), _row("level", level))
        else:
            told = result.explain_segment(_row("segment", segment or ""), _row("level", level))
    except (ValueError, OSError) as error:
        _refuse(str(error))
    if as_json:
        typer.echo(json.dumps(_finite(asdict(told)), ensure_ascii=False, allow_nan=False))
        return
    for sentence in in_words(told):
        typer.echo(sentence)


def _row(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        _refuse(f"{name} takes whole numbers.")
    return int(text)


def _finite(value: Any) -> Any:
    """The same with null for numbers that are none, which JSON has no word for."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and value != value else value


@app.command()
def screen(
    bars: Annotated[Path, typer.Option("--bars", help="Folder of bar files, such as BTCUSDT/30m.parquet.")],
    query: Annotated[str, typer.Option("--query", help="Conditions as JSON, joined by and.")],
    config: Annotated[str | None, typer.Option("--config", help="Name of the Chan configuration.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print every match with its facts as JSON.")] = False,
) -> None:
    """Find the instruments under BARS whose structures answer the query after their newest bar."""
    import json
    from concurrent.futures import ThreadPoolExecutor
    from dataclasses import replace

    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.features.research.folder import members_in
    from alphaloop.features.research.matching import screen as run_screen
    from alphaloop.features.research.screening import parse_query

    try:
        asked = parse_query(json.loads(query))
        asked = replace(asked, config=config) if config else asked
        members, outcomes = members_in(bars.resolve())
        with ThreadPoolExecutor(_READERS) as pool:
            for start in range(0, len(members), _CHUNK):
                outcomes += run_screen(members[start : start + _CHUNK], asked, pool)
    except json.JSONDecodeError as error:
        _refuse(f"The query is not JSON: {error}")
    except AlphaLoopError as error:
        where = ", ".join(f"{field}: {code}" for field, code in error.fields)
        _refuse(error.message + (f" ({where})" if where else ""))
    found = _screened(outcomes)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False, allow_nan=False))
    else:
        _print_matches(found)


def _screened(outcomes: "list[Outcome]") -> dict[str, Any]:
    skipped: dict[str, int] = {}
    for one in outcomes:
        if one.code:
            skipped[one.code] = skipped.get(one.code, 0) + 1
    matches = [{"instrument": one.name, "facts": one.facts} for one in outcomes if one.facts is not None]
    return {"instruments": len(outcomes), "matched": len(matches), "skipped": skipped, "matches": matches}


def _print_matches(found: dict[str, Any]) -> None:
    for match in found["matches"]:
        typer.echo(f"{match['instrument']:<24} {'; '.join(map(_in_words, match['facts']))}")
    skipped = "".join(f", {count} {code}" for code, count in found["skipped"].items())
    typer.echo(f"{found['matched']} of {found['instruments']} instruments match{skipped}.")


def _in_words(fact: dict[str, Any]) -> str:
    words = [fact["timeframe"]] + ([] if fact["level"] == "stroke" else ["segments"])
    words += [fact[name].replace("_", " ") for name in ("direction", "price") if name in fact]
    if "zg" in fact:
        words.append(f"{fact['zd']}-{fact['zg']}")
    if "ratio" in fact:
        words.append(f"ratio {fact['ratio']}")
    if (point := fact.get("point")) is not None:
        words.append(f"{point['kind']} {point['price']} {point['stage']} {point['age']} bars ago")
        if (inner := point.get("nested")) is not None:
            words.append(f"with {inner['kind']} {inner['price']} on {inner['timeframe']}")
    return " ".join(words)


def _refuse(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(_BAD_INPUT)


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
