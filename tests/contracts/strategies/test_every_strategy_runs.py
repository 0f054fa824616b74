"""Every strategy of the library runs on real bars: by the command line and by the platform, with the same result."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest
from typer.testing import CliRunner

from alphaloop.core.clock import ManualClock
from alphaloop.core.plugins import plugin_keys
from alphaloop.entrypoints.cli.backtest import app
from alphaloop.features.backtests import api, running, service
from alphaloop.features.backtests.places import places_of
from alphaloop.infra.db import Database
from tests.features.market.shop import open_shop

KEYS = plugin_keys("alphaloop.strategies")
SECTORS = ("XLB", "XLE", "XLF", "XLI", "XLK", "XLP", "XLU", "XLV", "XLY")
SHARES = ("AAPL", "MSFT", "KO", "PEP", "JPM", "XOM")


class Case(NamedTuple):
    """Bars by name and where they lie, and the newest rows that are run."""

    folder: str
    names: tuple[str, ...]
    timeframe: str = "1d"
    rows: int = 1500


_SPY = Case("equity_us/lean", ("SPY",))
_OPTIONS = Case("equity_us/lean", ("SPY",), rows=800)
CASES = {
    "chan/multi_level": _SPY,
    "chan/nested_intervals": Case("crypto/binance", ("ETHUSDT",), "5m", 20_000),
    "defensive/tail_hedge": _OPTIONS,
    "volatility/iron_condor": _OPTIONS,
    "volatility/vol_arbitrage": _OPTIONS,
    "trend/breakout": _SPY,
    "trend/golden_cross": _SPY,
    "reversion/bollinger": _SPY,
    "reversion/pairs": Case("equity_us/us_daily", ("KO", "PEP"), rows=2500),
    "factor/fama_french": Case("equity_us/sector_etf", SECTORS),
    "factor/momentum_quality": Case("equity_us/us_daily", SHARES, rows=2500),
    "defensive/low_volatility": Case("equity_us/sector_etf", SECTORS),
    "macro/sector_rotation": Case("equity_us/sector_etf", SECTORS),
    "macro/cta_commodities": Case("equity_us/sector_etf", SECTORS),
}
TABLES = {
    "vix": "vix=data/macro/VIX_daily_ohlc.parquet",
    "rate": "rate=data/macro/fred/FEDFUNDS.parquet:value*0.01",
    **{name: f"{name}=data/factors/ff3_developed_daily.parquet" for name in ("mkt_rf", "smb", "hml", "rf")},
    "return_on_assets": "return_on_assets=data/fundamentals/key_statistics.parquet",
}
EXTRAS = {
    **dict.fromkeys(("defensive/tail_hedge", "volatility/iron_condor", "volatility/vol_arbitrage"), ("vix", "rate")),
    "factor/fama_french": ("mkt_rf", "smb", "hml", "rf"),
    "factor/momentum_quality": ("return_on_assets",),
}


def test_every_strategy_of_the_library_is_here() -> None:
    assert set(CASES) == set(KEYS)


def files(root: Path, folder: Path, case: Case) -> dict[str, Path]:
    """The newest rows up to the end of 2013, when the company snapshots end."""
    made = {}
    for name in case.names:
        frame = pl.read_parquet(root / "data/bars" / case.folder / name / f"{case.timeframe}.parquet")
        if case.timeframe == "1d":
            frame = frame.filter(pl.col("ts").dt.year() < 2014)
        made[name] = folder / f"{name}.parquet"
        frame.tail(case.rows).write_parquet(made[name])
    return made


@pytest.mark.data
@pytest.mark.parametrize("key", KEYS)
async def test_it_runs_by_the_command_line_and_on_the_platform_alike(
    key: str, test_data: Path, db: Database, clock: ManualClock, tmp_path: Path
) -> None:
    case = CASES[key]
    bars = files(test_data, tmp_path, case)
    short = key in ("reversion/pairs", "macro/cta_commodities")
    told = _by_command(key, bars, EXTRAS.get(key, ()), test_data, short=short)
    done = await _on_platform(key, case, bars, db, clock, tmp_path / "home", data=test_data, short=short)
    assert told["metrics"]["bars"] == done["metrics"]["bars"]
    assert told["metrics"]["trades"] + told["metrics"]["open_trades"] > 0
    assert done["metrics"]["trades"] + done["metrics"]["open_trades"] > 0
    if EXTRAS.get(key, ())[:1] not in (("vix",), ("mkt_rf",)):
        # A market closes hours before midnight, where a file's days end: an option's remaining life and a count of days
        # since a publication notice that, prices do not.
        assert told["metrics"]["trades"] == done["metrics"]["trades"]
        assert told["metrics"]["final_equity"] == pytest.approx(done["metrics"]["final_equity"], rel=1e-6)
    codes = {note["code"] for note in done["report"]["notes"]}
    assert codes == {note["code"] for note in told["notes"]}
    assert ("options_by_model" in codes) == (EXTRAS.get(key) == ("vix", "rate"))


def _by_command(key: str, bars: dict[str, Path], extras: tuple[str, ...], root: Path, *, short: bool) -> dict[str, Any]:
    given = [part for name, path in bars.items() for part in ("--bars", f"{name}={path}")]
    given += [part for name in extras for part in ("--extra", TABLES[name].replace("=", f"={root}/", 1))]
    ran = CliRunner().invoke(app, ["run", key, *given, *(["--can-short"] if short else []), "--json"])
    assert (ran.exit_code, ran.stderr) == (0, "")
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


async def _on_platform(
    key: str,
    case: Case,
    bars: dict[str, Path],
    db: Database,
    clock: ManualClock,
    home: Path,
    *,
    data: Path,
    short: bool,
) -> dict[str, Any]:
    venue = "binance" if case.folder.startswith("crypto") else "ARCX"
    async with open_shop(db, clock, home, data_dir=data) as shop:
        for router in api.ROUTERS:
            shop.house.app.include_router(router, prefix="/api/v1")
        symbols = []
        for name, path in bars.items():
            symbols.append("ETH/USDT@binance" if venue == "binance" else f"{name}@{venue}")
            files = {"file": (path.name, path.read_bytes(), "application/octet-stream")}
            form = {"instrument": symbols[-1], "timeframe": case.timeframe, "adjustment": "SPLIT"}
            await shop.send("POST", "/market/import", files=files, data=form)
        conditions = {"market_rules": False, "can_short": short, "timeframe": case.timeframe}
        body = {"strategy": key, "instruments": symbols, **conditions}
        asked = await shop.send("POST", "/backtest/run", status=202, json=body)
        async with db.read() as session:
            arguments = await service.arguments_of(session, int(asked["id"]))
        # What the job does in a process of its own, done here.
        return running.run(arguments | places_of(shop.house.wiring.settings), lambda *_: None)
