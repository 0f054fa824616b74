"""`alphaloop data`: what bars are stored here, and bringing a file in without a server running."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from alphaloop.infra.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Bars: list what is stored, import a file.")

_BAD_INPUT = 2


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
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Import a bar file; a broken one names the line and imports nothing."""
    import json

    from rich.console import Console

    async def work(settings: "Settings", db: Any) -> dict[str, Any]:
        from alphaloop.core.bar import parse_timeframe
        from alphaloop.core.clock import SystemClock
        from alphaloop.core.errors import NotFoundError
        from alphaloop.features.market import service
        from alphaloop.infra.identity import SYSTEM

        if not file.is_file():
            raise NotFoundError(f"There is no file {file}.", code="file_not_found")
        frame = parse_timeframe(timeframe)
        async with db.read() as session:
            prepared = await service.prepare_import(
                session, SYSTEM, path=file, kind=None, instrument=instrument, timeframe=frame
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
    if as_json:
        typer.echo(json.dumps(done))
    else:
        typer.echo(f"{done['instrument']} {done['timeframe']}: {done['rows']:,} rows, {done['added']:,} new")
