"""What the rules of A-shares do to a 60-day breakout: the same signals with and without them, share by share.

It buys strength, so it meets the price limit more often than most. Raw files come without their ex-dates and an account
for each file starts with the same cash; `--write PAGE` puts the table between the page's markers."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.engine.features import build_panel
from alphaloop.engine.panel import Panel, Series, make_series
from alphaloop.engine.portfolio import round_trips
from alphaloop.engine.rule_arrays import lay_ground
from alphaloop.engine.sim_unfilled import count_unfilled
from alphaloop.engine.simulate import Ground, Rules, simulate
from alphaloop.engine.strategy import Signals, load_strategy

OPTIONS = {"write": "a page whose table to renew, such as docs/concepts/markets.md"}
CASH, BROKER = 1_000_000.0, 0.00025
# Half a tick at 2.50; the one-price days of these files end between 9.9 % and 10.2 % above the close before.
WITHIN = 0.002
RAW = ("SH600000", "SH600004", "SZ000001", "SZ000002", "SZ000004")
START = "<!-- figures: python -m benchmarks breakout --write docs/concepts/markets.md -->"
END = "<!-- end of figures -->"


class Run(NamedTuple):
    """One simulation: net return of each closed trade, and of the whole account."""

    trades: tuple[float, ...]
    total: float


@dataclass(frozen=True, slots=True)
class Measured:
    """One file: without rules, with all of them but the price limits, with all; and what was not filled."""

    name: str
    bars: int
    off: Run
    unlimited: Run
    on: Run
    unfilled: dict[str, Any]
    outside: int


def run(json: bool, *, write: str | None = None) -> dict[str, Any]:
    """Measure every file and print the table; {groups: {name: {files: [...], all: {...}}}}."""
    folder = os.environ.get("ALPHALOOP_TEST_DATA") or Path(__file__).parents[2] / "shared"
    root = Path(folder) / "data/bars/equity_cn"
    if not root.is_dir():
        raise SystemExit(f"There is no market data in {root}.")
    groups = {"unadjusted": _unadjusted(root), "adjusted by ratio": _adjusted(root)}
    if write:
        _renew(Path(write), _page(groups, brief=True))
    if not json:
        print(_page(groups, brief=False))
    return {
        "groups": {
            name: {"files": [_plain([one]) for one in files], "all": _plain(files)} for name, files in groups.items()
        }
    }


def _unadjusted(root: Path) -> list[Measured]:
    sessions = _days(root / "sse_szse_raw/SH000001/1d.parquet")
    made = [_measure(root / f"sse_szse_raw/{name}/1d.parquet", sessions) for name in RAW]
    moutai = root / "sse_szse/SH600519/1d.parquet"
    return [*made, _measure(moutai, _days(root / "sse_szse/SZ399986/1d.parquet"))]


def _adjusted(root: Path) -> list[Measured]:
    """Every share of the folder but the unadjusted one; 399986 is an index and says when the market traded."""
    sessions = _days(root / "sse_szse/SZ399986/1d.parquet")
    names = sorted(path.name for path in (root / "sse_szse").iterdir())
    return [
        _measure(root / f"sse_szse/{name}/1d.parquet", sessions, by_ratio=WITHIN)
        for name in names
        if name not in ("SZ399986", "SH600519")
    ]


def _measure(path: Path, sessions: Sequence[date], *, by_ratio: float | None = None) -> Measured:
    strategy = load_strategy("trend/breakout")
    params, name = strategy.parse({}), path.parent.name
    panel = build_panel(_series(path, name), strategy, params)
    signals = strategy.evaluate(panel, params)
    rules = Rules(cash=CASH, fee=BROKER, start=strategy.warmup(params))
    ground = lay_ground(panel, [_share(name)], broker_rate=BROKER, sessions=sessions, by_ratio=by_ratio)
    unlimited = ground._replace(up=np.full_like(ground.up, np.inf), down=np.zeros_like(ground.down))
    off, open_, on = (_run(panel, signals, rules, one) for one in (None, unlimited, ground))
    found = simulate(panel, signals, rules, ground=ground).unfilled
    return Measured(name, len(panel.ts_ms), off, open_, on, count_unfilled(found), ground.outside)


def _run(panel: Panel, signals: Signals, rules: Rules, ground: Ground | None) -> Run:
    made = simulate(panel, signals, rules, ground=ground)
    trades = round_trips(made.fills, panel)
    returns = tuple(one.pnl / (one.quantity * one.entry_price) for one in trades)
    return Run(returns, float(made.equity[-1]) / rules.cash - 1.0)


def _share(name: str) -> Instrument:
    code, venue = name[2:], "XSHG" if name.startswith("SH") else "XSHE"
    return Instrument(f"{code}@{venue}", AssetClass.EQUITY, code, "CNY", Decimal("0.01"), Decimal(100), ZERO, venue)


def _series(path: Path, name: str) -> Series:
    frame = pl.read_parquet(path)
    columns = [frame[one].to_numpy() for one in ("open", "high", "low", "close", "volume")]
    return make_series(name, frame["ts"].dt.epoch("ms").to_numpy(), *columns)


def _days(path: Path) -> list[date]:
    return pl.read_parquet(path, columns=["ts"])["ts"].dt.date().to_list()


def _plain(files: Sequence[Measured]) -> dict[str, Any]:
    """Figures of some files together: counts added, means over all their trades and over the files' totals."""
    made: dict[str, Any] = {"files": [one.name for one in files] if len(files) == 1 else len(files)}
    entries = [one.unfilled["entries"] for one in files]
    reasons: dict[str, int] = {}
    for one in entries:
        for reason, count in one["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + count
    made |= {key: sum(one[key] for one in entries) for key in ("asked", "unfilled", "never")}
    exits = [one.unfilled["exits"] for one in files]
    made["exits"] = {key: sum(one[key] for one in exits) for key in ("asked", "unfilled", "never")}
    made |= {"reasons": reasons, "outside_limits_days": sum(one.outside for one in files)}
    for key in ("off", "unlimited", "on"):
        runs = [getattr(one, key) for one in files]
        returns = [value for one in runs for value in one.trades]
        made[key] = {
            "trades": len(returns),
            "mean_return": round(float(np.mean(returns)), 6) if returns else None,
            "total_return": round(float(np.mean([one.total for one in runs])), 6),
        }
    if made["on"]["trades"] and made["off"]["trades"]:
        off, unlimited, on = (made[key]["mean_return"] for key in ("off", "unlimited", "on"))
        made["effect_on_mean_return"] = round(on - off, 6)
        made["of_it_price_limits"] = round(on - unlimited, 6)
    return made


def _page(groups: dict[str, list[Measured]], *, brief: bool) -> str:
    heads = ["file", "bars", "unfillable entries", "mean return per trade: off → on", "effect (of it limits)"]
    lines = [f"| {' | '.join([*heads, 'total return: off → on'])} |", "|---|--:|---|--:|--:|--:|"]
    told = []
    for group, files in groups.items():
        if not brief or group == "unadjusted":
            lines += [_row(one.name, one.bars, _plain([one])) for one in files]
        everything = _plain(files)
        lines.append(_row(f"**{len(files)} files, {group}**", sum(one.bars for one in files), everything))
        told.append(
            f"{group}: unfillable entries: {everything['unfilled']} of {everything['asked']} "
            f"({everything['never']} never filled), exits: {everything['exits']['unfilled']} of "
            f"{everything['exits']['asked']}, {everything['outside_limits_days']} days outside their limits, "
            f"effect on mean return {everything['effect_on_mean_return']:+.2%} a trade"
        )
    return "\n".join([*lines, "", "```text", *told, "```"])


def _row(name: str, bars: int, figures: dict[str, Any]) -> str:
    why = ", ".join(f"{reason} {count}" for reason, count in figures["reasons"].items())
    off, on = figures["off"], figures["on"]
    cells = [
        name,
        f"{bars:,}",
        f"{figures['unfilled']} of {figures['asked']}" + (f" ({why})" if why else ""),
        f"{off['mean_return']:.2%} → {on['mean_return']:.2%}" if off["trades"] and on["trades"] else "–",
        f"{figures['effect_on_mean_return']:+.2%} ({figures['of_it_price_limits']:+.2%})"
        if "effect_on_mean_return" in figures
        else "–",
        f"{off['total_return']:.0%} → {on['total_return']:.0%}",
    ]
    return f"| {' | '.join(cells)} |"


def _renew(path: Path, text: str) -> None:
    page = path.read_text(encoding="utf-8")
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not end:
        raise SystemExit(f"{path} has no place for the figures: it needs the lines {START} and {END}.")
    path.write_text(f"{before}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")
