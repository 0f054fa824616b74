"""The checks that every strategy of option legs passes: nothing that it said or that its book did changes later."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.core.plugins import load_plugin
from alphaloop.engine.features import build_panel
from alphaloop.engine.options.backtest import OptionResult, run_option_backtest
from alphaloop.engine.options.book import OptionBook
from alphaloop.engine.options.legs import Legs, check_legs
from alphaloop.engine.options.quotes import ModelQuotes, Terms
from alphaloop.engine.panel import Floats, Panel, Series, cut
from alphaloop.engine.strategy import Strategy, check_signals, list_strategies, load_strategy
from alphaloop.lab import load
from tests.strategies.option_runs import KEYS, place_of, run_key, written

every_strategy = pytest.mark.parametrize("key", KEYS)
CASH = 1_000_000.0


def taken(key: str) -> tuple[Strategy, ModuleType]:
    return load_strategy(key), load_plugin("alphaloop.strategies", key)


def sample(rows: int = 1200) -> tuple[Series, dict[str, Floats]]:
    """The built-in index with a made VIX that follows what prices have done, so that no data folder is needed."""
    bars = load("sample").series
    bars = Series(bars.name, *(column[:rows] for column in bars[1:]))
    moves = np.abs(np.diff(np.log(bars.close), prepend=np.log(bars.close[0])))
    noise = np.random.default_rng(3).normal(0, 3, rows)
    smooth = np.convolve(np.r_[np.full(20, 0.01), moves], np.full(21, 1 / 21), "valid")
    vix = np.clip(smooth * 2000 + noise, 8, 80).reshape(-1, 1)
    return bars, {"vix": vix, "rate": np.full((rows, 1), 0.03)}


def panel_of(key: str, **given: Any) -> tuple[Panel, Any]:
    strategy, _ = taken(key)
    bars, extras = sample()
    params = strategy.parse(given)
    return build_panel(bars, strategy, params, extras=extras), params


def walked(panel: Panel, legs: Legs, key: str, params: Any) -> OptionBook:
    market = ModelQuotes(panel, legs.contracts, Terms())
    signals = taken(key)[0].evaluate(panel, params)
    return OptionBook(panel=panel, legs=legs, market=market, cash=CASH, terms=Terms(), signals=signals).run()


def same_start(part: Legs, full: Legs, rows: int) -> bool:
    named, groups = len(part.contract), len(part.share)
    contracts = zip(part.contracts, full.contracts, strict=True)
    return (
        np.array_equal(part.start, full.start[: rows + 1])
        and all(
            np.array_equal(getattr(part, name), getattr(full, name)[:named]) for name in ("contract", "ratio", "group")
        )
        and all(np.array_equal(ours, theirs[: len(ours)]) for ours, theirs in contracts)
        and np.array_equal(part.share, full.share[:groups])
        and part.reasons == full.reasons[:groups]
    )


@every_strategy
def test_it_says_and_does_the_same_on_a_prefix_as_on_the_whole(key: str) -> None:
    panel, params = panel_of(key)
    module = taken(key)[1]
    full = module.legs(panel, params)
    ran = walked(panel, full, key, params)
    traded = {fill.row for fill in ran.fills if fill.kind != "hedge"}
    lengths = {row + shift for row in list(traded)[:20] for shift in (0, 1, 2)}
    lengths |= set(np.random.default_rng(1).integers(40, 1200, 20).tolist())
    for rows in sorted(lengths):
        part = cut(panel, rows)
        legs = module.legs(part, params)
        assert same_start(legs, full, rows), rows
        then = walked(part, legs, key, params)
        assert then.fills == [fill for fill in ran.fills if fill.row < rows], rows
        np.testing.assert_array_equal(then.equity, ran.equity[:rows])


def test_the_check_notices_legs_that_know_the_next_close() -> None:
    panel, params = panel_of("volatility/vol_arbitrage")
    module = taken("volatility/vol_arbitrage")[1]

    def prophet(seen: Panel) -> Legs:
        shifted: Legs = module.legs(seen._replace(extras={n: np.roll(v, -1) for n, v in seen.extras.items()}), params)
        return shifted

    full = prophet(panel)
    assert not all(same_start(prophet(cut(panel, rows)), full, rows) for rows in range(100, 1200, 10))


@every_strategy
def test_its_legs_and_signals_are_sound_for_every_bound_of_its_parameters(key: str) -> None:
    strategy, module = taken(key)
    for name, field in strategy.schema()["properties"].items():
        for bound in ("minimum", "maximum"):
            panel, params = panel_of(key, **{name: field[bound]})
            legs = check_legs(module.legs(panel, params), len(panel.ts_ms))
            signals = check_signals(strategy.evaluate(panel, params), panel)
            assert np.nanmax(signals.target, initial=0) <= 1.0
            assert legs.start[: strategy.warmup(params) + 1].max() == 0
            assert np.isfinite(walked(panel, legs, key, params).equity).all()


@every_strategy
def test_it_trades_and_nothing_begins_before_the_start(key: str) -> None:
    strategy, module = taken(key)
    bars, extras = sample()
    result = run_option_backtest(strategy, module.legs, bars, strategy.parse({}), extras=extras, start_bar=600)
    assert isinstance(result, OptionResult)
    assert len(result.trades) >= 3
    assert min(fill.row for fill in result.fills) > 600
    assert np.all(result.equity[:601] == CASH)
    assert result.notes[0].code == "options_by_model"


@every_strategy
def test_money_neither_appears_nor_vanishes(key: str) -> None:
    """The final equity is the cash, what every fill paid or took, and what is still held at its mark."""
    panel, params = panel_of(key)
    ran = walked(panel, taken(key)[1].legs(panel, params), key, params)
    size = [1.0 if fill.contract < 0 else Terms().multiplier for fill in ran.fills]
    paid = sum(fill.quantity * fill.price * one + fill.fee for fill, one in zip(ran.fills, size, strict=True))
    spot = panel.close[-1, 0]
    units = sum(fill.quantity for fill in ran.fills if fill.contract < 0)
    options = sum(float((held.quantity * held.mark).sum()) for held in ran.held.values()) * Terms().multiplier
    assert ran.equity[-1] == pytest.approx(CASH - paid + units * spot + options, abs=1e-4)


@every_strategy
def test_what_it_lacks_is_named(key: str) -> None:
    strategy, module = taken(key)
    bars, extras = sample()
    params = strategy.parse({})
    without = build_panel(bars, strategy, params, extras={"vix": extras["vix"]})
    for asked in (strategy.evaluate, module.legs):
        with pytest.raises(InvalidError, match="rate") as refused:
            asked(without, params)
        assert refused.value.code == "missing_extra"
    with pytest.raises(InvalidError, match="needs cash"):
        run_option_backtest(strategy, module.legs, bars, params, extras=extras, cash=0.0)


@every_strategy
def test_equal_runs_have_equal_ids_and_others_do_not(key: str) -> None:
    strategy, module = taken(key)
    bars, extras = sample(400)

    def run_id(**terms: Any) -> str:
        params = strategy.parse({})
        return run_option_backtest(strategy, module.legs, bars, params, extras=extras, terms=Terms(**terms)).run_id

    assert run_id() == run_id()
    assert run_id() != run_id(fee=1.0)


@every_strategy
def test_days_without_a_vix_open_nothing_and_break_nothing(key: str) -> None:
    strategy, module = taken(key)
    bars, extras = sample(400)
    extras["vix"][::3] = np.nan
    result = run_option_backtest(strategy, module.legs, bars, strategy.parse({}), extras=extras)
    assert np.isfinite(result.equity).all()
    assert not [fill for fill in result.fills if fill.kind in ("open", "close") and fill.row % 3 == 0]


@every_strategy
def test_what_it_needs_and_risks_is_said_in_both_languages(key: str) -> None:
    module = taken(key)[1]
    assert key in {strategy.key for strategy in list_strategies()}
    assert list(module.EXTRAS) == ["vix", "rate"]
    for text in (module.RISK, *module.EXTRAS.values()):
        assert set(text) == {"zh", "en"}
        assert all(text.values())


@pytest.mark.data
@every_strategy
def test_it_does_on_the_index_what_it_did(key: str, test_data: Path) -> None:
    stored = json.loads(place_of(key).read_text(encoding="utf-8"))
    found = written(run_key(key, test_data))
    for name in ("final_equity", "fees", "total_return", "cagr", "sharpe", "max_drawdown"):
        assert found.pop(name) == pytest.approx(stored.pop(name), rel=1e-7), name
    assert found == stored
