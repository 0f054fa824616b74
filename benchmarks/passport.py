"""How often the overfit passport is wrong: markets and rules whose truth is known, drawn from seeds that nobody looked
at when its borders were set.

An overfitted rule is the best of many on a market without memory; a true one is the best of as many on a market that
has what the rule looks for. A miss is an overfitted one that does not fail (`passed`: one that even passes), a false
alarm a true one that fails."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.engine.backtest import run_backtest
from alphaloop.engine.honesty import OverfitPassport, make_passport
from alphaloop.engine.honesty.passport import QUESTIONS
from alphaloop.engine.panel import Floats, Panel, Series, make_series
from alphaloop.engine.params import choice
from alphaloop.engine.strategy import Signals, Strategy, load_strategy, mark_episodes

OPTIONS = {"markets": "markets of each family, 12 unless told"}
ROWS, FEE, DAY_MS = 2000, 0.0005, 86_400_000
# Nobody looked at these before the borders were set: tests use seeds below 100, earlier borders 500 000 and 770 000 on.
FIRST_SEED = 880_000
DAYS = tuple(str(day) for day in range(21))
_SHADES = ("pass", "warn", "unknown", "fail")


@dataclass(frozen=True)
class DayParams:
    # A choice and no number: the day beside the right one is not a little wrong but another day.
    day: str = choice("0", DAYS, label_zh="第几天", label_en="Day of the cycle")


class Family(NamedTuple):
    """One kind of market and one rule; `true` says that the rule's effect is in the market."""

    name: str
    true: bool
    strategy: Strategy
    market: Callable[[int], Series]
    tried: Sequence[dict[str, Any]]


def run(json: bool, *, markets: str | None = None) -> dict[str, Any]:
    """Draw every family and print how often each verdict fell; {families: {name: {...}}, misses, false_alarms}."""
    began, count = time.perf_counter(), int(markets or 12)
    found = [(family, [_question(family, FIRST_SEED + k) for k in range(count)]) for family in families()]
    rows = {family.name: _rates(family, made) for family, made in found}
    overfitted, honest = (
        [one["checks"] for f, made in found if f.true is true for one in made] for true in (False, True)
    )
    figures = {
        "markets": count,
        "families": rows,
        "misses": _share([not _fails(checks) for checks in overfitted]),
        "passed": _share([set(checks.values()) == {"pass"} for checks in overfitted]),
        "false_alarms": _share([_fails(checks) for checks in honest]),
        "without": {
            name: {
                "misses": sum(not _fails(checks, name) for checks in overfitted),
                "false_alarms": sum(_fails(checks, name) for checks in honest),
            }
            for name in QUESTIONS
        },
        "seconds": round(time.perf_counter() - began, 1),
    }
    if not json:
        print(_table(figures))
    return figures


def families() -> list[Family]:
    """Four rules, each on a market that has its effect and on one that has none."""
    cross, breakout, bands = (
        load_strategy(key) for key in ("trend/golden_cross", "trend/breakout", "reversion/bollinger")
    )
    day = _day_of_cycle(bands)
    crossings = [{"fast": f, "slow": s} for f in (5, 10, 20, 30) for s in (40, 60, 90, 120, 160, 200)]
    channels = [{"entry_bars": e, "exit_bars": x} for e in (10, 20, 30, 40, 60, 80) for x in (5, 10, 20, 30)]
    widths = [{"period": p, "width": w} for p in (5, 10, 15, 20, 30, 40) for w in (0.75, 1.0, 1.5, 2.0)]
    days = [{"day": day} for day in DAYS]
    return [
        Family("crossing, no memory", False, cross, _walk, crossings),
        Family("breakout, no memory", False, breakout, _walk, channels),
        Family("bands, no memory", False, bands, _walk, widths),
        Family("day of a cycle, no memory", False, day, _walk, days),
        Family("crossing, drifting", True, cross, _drifting, crossings),
        Family("breakout, drifting", True, breakout, _drifting, channels),
        Family("bands, returning", True, bands, _returning, widths),
        Family("day of a cycle, planted", True, day, _cycle, days),
    ]


def _question(family: Family, seed: int) -> dict[str, Any]:
    """The passport of the best of all that was tried, which is how results come to be shown to anybody."""
    bars = family.market(seed)
    ran: list[tuple[float, int, Any]] = []
    for given in family.tried:
        params = family.strategy.parse(given)
        try:
            sharpe = run_backtest(family.strategy, bars, params, fee=FEE).metrics["sharpe"]
        except InvalidError:
            continue
        ran.append((-np.inf if sharpe is None else sharpe, len(ran), params))
    sharpe, _, best = max(ran)
    made: OverfitPassport = make_passport(
        family.strategy, bars, best, candidates=[one for *_, one in ran], draws=60, prefixes=6, seed=seed, fee=FEE
    )
    return {
        "verdict": made.verdict,
        "sharpe": float(sharpe),
        "checks": {check.question: check.verdict for check in made.checks},
    }


def _rates(family: Family, made: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "true": family.true,
        "mean_sharpe": round(float(np.mean([one["sharpe"] for one in made])), 2),
        "verdicts": {shade: sum(one["verdict"] == shade for one in made) for shade in _SHADES},
        "failed": {name: sum(one["checks"][name] == "fail" for one in made) for name in QUESTIONS},
        "passed": {name: sum(one["checks"][name] == "pass" for one in made) for name in QUESTIONS},
    }


def _fails(checks: dict[str, str], without: str = "") -> bool:
    return any(verdict == "fail" for name, verdict in checks.items() if name != without)


def _share(said: Sequence[bool]) -> dict[str, Any]:
    """How many, of how many, and where the true share lies with 95 % (Wilson, 1927)."""
    hits, total, z = sum(said), len(said), 1.96
    middle = (hits + z * z / 2) / (total + z * z)
    reach = z * np.sqrt(hits * (total - hits) / total + z * z / 4) / (total + z * z)
    return {"count": hits, "of": total, "low": round(float(middle - reach), 3), "high": round(float(middle + reach), 3)}


def _table(figures: dict[str, Any]) -> str:
    lines = ["| family | Sharpe as chosen | pass | warn | unknown | fail |", "|---|--:|--:|--:|--:|--:|"]
    for name, one in figures["families"].items():
        counts = " | ".join(str(one["verdicts"][shade]) for shade in _SHADES)
        lines.append(f"| {name} | {one['mean_sharpe']:.2f} | {counts} |")
    heads = ["question", "fails, overfitted", "passes, overfitted", "fails, true", "passes, true"]
    heads += ["misses without it", "false alarms without it"]
    lines += ["", f"| {' | '.join(heads)} |", f"|---{'|--:' * 6}|"]
    for question in QUESTIONS:
        cells = [
            sum(one[kind][question] for one in figures["families"].values() if one["true"] is true)
            for true in (False, True)
            for kind in ("failed", "passed")
        ]
        cells += figures["without"][question].values()
        lines.append(f"| `{question}` | {' | '.join(map(str, cells))} |")
    for name in ("misses", "passed", "false_alarms"):
        one = figures[name]
        lines.append(f"\n{name}: {one['count']} of {one['of']} ({one['low']:.0%} to {one['high']:.0%})")
    return "\n".join([*lines, f"{figures['seconds']} s"])


def _bars(rng: np.random.Generator, steps: Floats) -> Series:
    """Daily bars whose closes make these steps, with an open near the close before and some range around both."""
    close = 100 * np.exp(np.cumsum(steps))
    opened = np.r_[100.0, close[:-1]] * (1 + rng.normal(0, 0.0005, ROWS))
    reach = np.abs(rng.normal(0, 0.003, (2, ROWS)))
    high, low = np.maximum(opened, close) * (1 + reach[0]), np.minimum(opened, close) * (1 - reach[1])
    return make_series("X", np.arange(ROWS) * DAY_MS, opened, high, low, close, np.ones(ROWS))


def _noise(rng: np.random.Generator, size: float = 0.01) -> Floats:
    """Steps without memory whose size has one, with fat tails: quiet and loud months, as real markets have them."""
    loud = np.zeros(ROWS)
    for t in range(1, ROWS):
        loud[t] = 0.98 * loud[t - 1] + rng.normal(0, 0.1)
    steps: Floats = size * np.exp(loud - loud.mean()) * rng.standard_t(5, ROWS) / np.sqrt(5 / 3)
    return steps


def _walk(seed: int) -> Series:
    rng = np.random.default_rng(seed)
    return _bars(rng, _noise(rng))


def _drifting(seed: int) -> Series:
    """A drift that lasts for some months and then turns."""
    rng = np.random.default_rng(seed)
    drift = np.repeat(rng.normal(0, 0.0022, ROWS // 80 + 1), 80)[:ROWS]
    return _bars(rng, drift + _noise(rng))


def _returning(seed: int) -> Series:
    """A walk with a gap around it that closes by a tenth a day."""
    rng = np.random.default_rng(seed)
    gap = np.zeros(ROWS)
    for t in range(1, ROWS):
        gap[t] = 0.9 * gap[t - 1] + rng.normal(0, 0.009)
    return _bars(rng, np.diff(gap, prepend=0.0) + _noise(rng, 0.006))


def _cycle(seed: int) -> Series:
    """One day of a cycle of 21 rises more than the others."""
    rng = np.random.default_rng(seed)
    steps = _noise(rng)
    steps[np.arange(ROWS) % 21 == seed % 21] += 0.006
    return _bars(rng, steps)


def _day_of_cycle(like: Strategy) -> Strategy:
    def evaluate(panel: Panel, params: DayParams) -> Signals:
        # Decided a day ahead and filled at that day's open: held from its open to the next one's.
        ahead = (panel.ts_ms // DAY_MS + 1) % 21 == int(params.day)
        target = np.where(panel.member, ahead.astype(float)[:, None], np.nan)
        return Signals(target, mark_episodes(target))

    return replace(
        like,
        key="planted/day",
        Params=DayParams,
        warmup=lambda params: 1,
        needs=lambda params: [],
        evaluate=evaluate,
        manage=None,
    )
