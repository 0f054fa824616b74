"""`alphaloop data`: what bars are stored here, how sound they are, and bringing files in without a server running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from alphaloop.infra.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Bars: list what is stored, import files, examine series.")

_BAD_INPUT = 2
_MODES = ("", "raw", "split", "forward", "backward")
_Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def _run(work: Any) -> Any:
    """Run one async use case on the configured database; refusals become one line and exit code 2."""
    import asyncio

    from alphaloop.core.errors import AlphaLoopError
    from alphaloop.entrypoints.migrate import is_current, upgrade_async
    from alphaloop.infra.db import Database
    from alphaloop.infra.settings import SettingsError, load_settings

    async def inside(settings: "Settings") -> Any:
        db = Database(settings.database_url)
        try:
            if not await is_current(db):
                await upgrade_async(settings.database_url)
            return await work(settings, db)
        finally:
            await db.close()

    try:
        return asyncio.run(inside(load_settings()))
    except SettingsError as error:
        typer.echo(f"alphaloop: {error}", err=True)
    except AlphaLoopError as error:
        where = f" ({error.fields[0][0]}: {error.fields[0][1]})" if error.fields else ""
        typer.echo(f"{error.message}{where}", err=True)
    raise typer.Exit(_BAD_INPUT)


@app.command(name="list")
def list_series(as_json: Annotated[bool, typer.Option("--json", help="Print every series as JSON.")] = False) -> None:
    """List the stored series."""
    import json

    async def work(_settings: "Settings", db: Any) -> list[dict[str, Any]]:
        from sqlalchemy import select

        from alphaloop.features.market.models import BarSeries, InstrumentRow

        async with db.read() as session:
            rows = await session.execute(
                select(InstrumentRow.symbol, BarSeries.timeframe, BarSeries.bars, BarSeries.first_ts, BarSeries.last_ts)
                .join(BarSeries, BarSeries.instrument_id == InstrumentRow.id)
                .order_by(InstrumentRow.symbol, BarSeries.length_ms)
            )
            return [dict(row._mapping) for row in rows]

    found = _run(work)
    if as_json:
        typer.echo(json.dumps(found))
        return
    for row in found:
        typer.echo(f"{row['symbol']:<24} {row['timeframe']:>4} {row['bars']:>10,}")
    if not found:
        typer.echo("No bars are stored here yet. `alphaloop data import FILE` brings some in.")


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or Feather with ts, open, high, low, close, volume.")],
    instrument: Annotated[str, typer.Option(help="Such as BTC/USDT@binance, BTCUSDT, SH600519.")],
    timeframe: Annotated[str, typer.Option(help="1m 5m 15m 30m 1h 4h 1d 1w 1M")],
    column: Annotated[
        list[str] | None,
        typer.Option(help="What the file calls one of our columns: ts=时间. See `data columns`."),
    ] = None,
    clock: Annotated[str, typer.Option(help="Whose clock the times are on: utc or market.")] = "utc",
    label: Annotated[str, typer.Option(help="Which end of a bar its time names: open or close.")] = "open",
    prices: Annotated[str, typer.Option(help="What the prices are: raw, split, forward or backward.")] = "",
    as_json: _Json = False,
) -> None:
    """Import a bar file; a broken one names the line and imports nothing."""
    from rich.console import Console

    async def work(settings: "Settings", db: Any) -> dict[str, Any]:
        from alphaloop.core.bar import parse_timeframe
        from alphaloop.core.clock import SystemClock
        from alphaloop.features.market import service
        from alphaloop.infra.identity import SYSTEM

        _there(file)
        frame = parse_timeframe(timeframe)
        habits = service.FileHabits(
            columns=_pairs(column),
            on_market_clock=_one_of("clock", clock, ("utc", "market")) == "market",
            at_close=_one_of("label", label, ("open", "close")) == "close",
            adjustment=_one_of("prices", prices, _MODES).upper(),
        )
        async with db.read() as session:
            prepared = await service.prepare_import(
                session,
                SYSTEM,
                path=file,
                kind=None,
                instrument=instrument,
                timeframe=frame,
                habits=habits,
                called=file.name,
            )
        store = service.BarStore(settings.bars_dir)
        imported = await service.store_prepared(store, prepared)
        async with db.write() as session:
            await service.book_import(session, SYSTEM, SystemClock(), store, imported)
        return {
            "instrument": prepared.naming.instrument.symbol,
            "timeframe": frame.value,
            "rows": len(prepared.table),
            "added": imported.appended.added,
            "duplicates": imported.appended.duplicates,
            "conflicts": imported.appended.conflicts,
        }

    with Console(stderr=True).status(f"Reading {file.name}"):
        done = _run(work)
    _say(done, as_json, f"{done['instrument']} {done['timeframe']}: {done['rows']:,} rows, {done['added']:,} new")


@app.command(name="columns")
def show_columns(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet or Feather.")], as_json: _Json = False
) -> None:
    """Show what a file's columns are called, which of ours they seem to be, and its first rows; nothing is stored."""

    async def work(_settings: "Settings", _db: Any) -> dict[str, Any]:
        from alphaloop.adapters.feeds import look_at_columns

        _there(file)
        found = look_at_columns(file)
        return {"names": found.names, "guess": found.guess, "sample": found.sample}

    found = _run(work)
    guess = {name: ours for ours, name in found["guess"].items()}
    lines = [f"{guess.get(name, '-'):<8}{name}" for name in found["names"]] or ["The file has no header."]
    _say(found, as_json, "\n".join([*lines, *("  ".join(row) for row in found["sample"][:3])]))


@app.command(name="actions")
def import_actions(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet with symbol, ex_date, cash, bonus, split, rights.")],
    instrument: Annotated[str, typer.Option(help="Whose they are, where the file has no column for it.")] = "",
    as_json: _Json = False,
) -> None:
    """Bring in dividends, bonus shares, splits and rights of instruments that have bars here."""

    async def work(_settings: "Settings", db: Any) -> dict[str, Any]:
        from alphaloop.core.clock import SystemClock
        from alphaloop.features.market import service
        from alphaloop.infra.identity import SYSTEM

        _there(file)
        listed = await service.read_actions(SYSTEM, file, symbol=instrument)
        async with db.write() as session:
            done = await service.bring_actions(session, SYSTEM, SystemClock(), listed, source=file.name)
        return {name: getattr(done, name) for name in ("added", "changed", "unchanged", "unknown")}

    done = _run(work)
    unknown = f"; not known here: {', '.join(done['unknown'])}" if done["unknown"] else ""
    _say(done, as_json, f"{done['added']} new, {done['changed']} changed, {done['unchanged']} known{unknown}")


@app.command(name="mode")
def state_mode(
    instrument: Annotated[str, typer.Argument(help="Such as 600519@XSHG.")],
    timeframe: Annotated[str, typer.Argument(help="1m 5m 15m 30m 1h 4h 1d 1w 1M")],
    prices: Annotated[str, typer.Argument(help="raw, split, forward or backward")],
) -> None:
    """Say what the prices of a stored series are, where its file did not."""

    async def work(_settings: "Settings", db: Any) -> None:
        from alphaloop.core.bar import parse_timeframe
        from alphaloop.core.clock import SystemClock
        from alphaloop.features.market import service
        from alphaloop.features.market.models import StoredMode
        from alphaloop.infra.identity import SYSTEM

        held_as = StoredMode(_one_of("prices", prices, _MODES[1:]).upper())
        async with db.write() as session:
            await service.state_mode(
                session,
                SYSTEM,
                SystemClock(),
                instrument=instrument,
                timeframe=parse_timeframe(timeframe),
                held_as=held_as,
            )

    _run(work)
    typer.echo(f"{instrument} {timeframe}: {prices.lower()}")


@app.command(name="health")
def show_health(
    instrument: Annotated[str, typer.Argument(help="Such as 600519@XSHG.")],
    timeframe: Annotated[str, typer.Argument(help="1m 5m 15m 30m 1h 4h 1d 1w 1M")],
    as_json: _Json = False,
) -> None:
    """Name what is wrong with a stored series; exit code 1 when something is."""

    async def work(settings: "Settings", db: Any) -> dict[str, Any]:
        from alphaloop.core.bar import parse_timeframe
        from alphaloop.features.market import service
        from alphaloop.infra.identity import SYSTEM

        async with db.read() as session:
            manifest, found = await service.check_health(
                session,
                SYSTEM,
                service.BarStore(settings.bars_dir),
                instrument=instrument,
                timeframe=parse_timeframe(timeframe),
            )
        issues = [{"code": one.code, "ts": one.ts, "detail": one.detail} for one in found.issues]
        return {"bars": manifest.rows, "gaps": found.gap_count, "conflicts": manifest.conflicts, "issues": issues}

    found = _run(work)
    lines = [f"{found['bars']:,} bars, {found['gaps']:,} gaps, {found['conflicts']:,} conflicts"]
    _say(found, as_json, "\n".join([*lines, *(f"{one['code']:<24}{one['detail']}" for one in found["issues"])]))
    if found["issues"]:
        raise typer.Exit(1)


def _say(found: dict[str, Any], as_json: bool, text: str) -> None:
    import json

    typer.echo(json.dumps(found, ensure_ascii=False) if as_json else text)


def _there(file: Path) -> None:
    from alphaloop.core.errors import NotFoundError

    if not file.is_file():
        raise NotFoundError(f"There is no file {file}.", code="file_not_found")


def _one_of(name: str, text: str, known: tuple[str, ...]) -> str:
    from alphaloop.core.errors import InvalidError

    if text.lower() not in known:
        choices = ", ".join(choice for choice in known if choice)
        raise InvalidError(f"--{name} is one of {choices}.", code="unknown_option")
    return text.lower()


def _pairs(texts: list[str] | None) -> dict[str, str] | None:
    """Columns as `ours=theirs`; None lets the file's own names tell."""
    from alphaloop.core.errors import InvalidError

    if not texts:
        return None
    if not all("=" in text for text in texts):
        raise InvalidError("A column is written ts=时间: ours first, then the file's.", code="unknown_option")
    return dict(text.split("=", 1) for text in texts)
