"""On margin too, simulator and exact venue are one: funding, liquidation, nearer stops, own margin or shared."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alphaloop.core.bar import Bar, Timeframe
from alphaloop.core.clock import from_ms
from alphaloop.core.fill import Fill
from alphaloop.core.instrument import AssetClass, Instrument
from alphaloop.core.money import ZERO
from alphaloop.core.order import OrderSide
from alphaloop.engine.convert import to_decimal
from alphaloop.engine.margin import Mark, funding_due, liquidate, wallet_behind
from alphaloop.engine.market_rules import rules_on
from alphaloop.engine.matching import Matcher, Outcome
from alphaloop.engine.panel import Floats, Panel
from alphaloop.engine.rule_arrays import Stake, lay_ground
from alphaloop.engine.simulate import FillReason, Rules, Simulation, simulate
from alphaloop.engine.strategy import Signals
from tests.engine.test_parity import Desk, random_panel, random_signals

PERP = Instrument(
    "BTC/USDT:USDT@binance", AssetClass.PERPETUAL, "BTC", "USDT", ZERO, Decimal("0.001"), ZERO, "24x7", can_short=True
)
# 2024-01-01, in half hours from there.
BEGIN_MS, ROWS, BROKER = 1_704_067_200_000, 150, 0.0005
# Up to 300 000 of notional, so that several brackets are met.
UNITS = 1000.0
Row = tuple[int, float, float, float]


class MarginDesk(Desk):
    """The parity desk with an account behind it: what trades at the open, then the mark, then the rest of the bar."""

    def prepare(self, stake: Stake, cash: Decimal) -> None:
        self.stake, self.cash, self.average, self.over = stake, cash, ZERO, False
        self.row, plain = 0, self.matcher.on_bar

        def margined(bar: Bar, *, position: Decimal, day: Any = None) -> Outcome:
            marks = [to_decimal(float(value)) for value in self.marks[:, self.row]]
            mark = Mark(*marks)
            self.cash -= funding_due(position, mark.open, to_decimal(float(self.funding[self.row])))
            opened = plain(replace(bar, high=bar.open, low=bar.open, close=bar.open), position=position)
            self.book(position, opened.fills)
            forced = self.liquidation(opened.position, mark, bar)
            if forced is not None:
                self.book(opened.position, [forced])
                self.over, self.matcher.working = True, []
                return Outcome([*opened.fills, forced], opened.closed, ZERO)
            inside = plain(bar, position=opened.position)
            self.book(opened.position, inside.fills)
            return Outcome([*opened.fills, *inside.fills], [*opened.closed, *inside.closed], inside.position)

        self.matcher.on_bar = margined  # type: ignore[method-assign]

    @property
    def marks(self) -> Floats:
        assert self.stake.mark is not None
        return self.stake.mark

    @property
    def funding(self) -> Floats:
        assert self.stake.funding is not None
        return self.stake.funding

    def book(self, held: Decimal, fills: list[Fill]) -> None:
        for fill in fills:
            signed = fill.quantity * fill.side.sign
            self.cash -= signed * fill.price + fill.fee
            if held * signed >= 0:
                self.average = (abs(held) * self.average + abs(signed) * fill.price) / abs(held + signed)
            elif abs(signed) > abs(held):
                self.average = fill.price
            held += signed

    def liquidation(self, held: Decimal, mark: Mark, bar: Bar) -> Fill | None:
        if held == 0:
            return None
        rules = rules_on(PERP, from_ms(bar.ts_ms).date())
        share = rules.initial_share(self.stake.leverage)
        wallet = wallet_behind(
            held, self.average, cash=self.cash, others=ZERO, share=share, isolated=self.stake.isolated
        )
        side = OrderSide.SELL if held > 0 else OrderSide.BUY
        stops = [
            one.order.stop_price
            for one in self.matcher.working
            if one.order.reduce_only and one.order.side is side and one.order.stop_price is not None
        ]
        nearest = (max if held > 0 else min)(stops) if stops else None
        found = liquidate(held, wallet, rules, mark, stop=nearest)
        if found is None:
            return None
        return Fill("f", "f", "f", PERP.symbol, side, abs(held), found.price, found.fee, "USDT", bar.close_ms)


def dated(panel: Panel) -> Panel:
    return panel._replace(ts_ms=panel.ts_ms + BEGIN_MS, close_ms=panel.close_ms + BEGIN_MS)


def random_stake(panel: Panel, seed: int, *, leverage: int, isolated: bool) -> Stake:
    """A mark near the bar's own prices, and funding every eighth row."""
    rng = np.random.default_rng(seed + 1)
    shift = np.round(rng.choice([0.0, 0.0, 0.4, -0.4], len(panel.ts_ms)), 2)
    mark = np.stack([panel.open[:, 0], panel.low[:, 0] + shift, panel.high[:, 0] + shift])
    mark[1], mark[2] = np.minimum(mark[1], mark[0]), np.maximum(mark[2], mark[0])
    rates = np.round(rng.normal(0, 0.0005, len(shift)), 6)
    rates[np.arange(len(rates)) % 8 != 0] = 0.0
    return Stake(Decimal(leverage), isolated=isolated, mark=mark, funding=rates)


def simulated(panel: Panel, signals: Signals, stake: Stake, cash: float) -> Simulation:
    ground = lay_ground(panel, [PERP], broker_rate=BROKER, stakes={PERP.symbol: stake})
    return simulate(panel, signals, Rules(cash=cash, can_short=True, slippage=0.0002), ground=ground)


def matched(panel: Panel, signals: Signals, stake: Stake, cash: float) -> tuple[list[Row], Decimal]:
    matcher = Matcher(PERP, fee_rate=to_decimal(BROKER), slippage_bps=Decimal(2))
    desk = MarginDesk(matcher, symbol=PERP.symbol)
    desk.prepare(stake, to_decimal(cash))
    prices = [panel.open, panel.high, panel.low, panel.close, panel.volume]
    for t in range(len(panel.ts_ms)):
        o, h, low, c, v = (to_decimal(float(column[t, 0])) for column in prices)
        desk.row = t
        desk.bar(t, Bar(PERP.symbol, Timeframe.M30, int(panel.ts_ms[t]), int(panel.close_ms[t]), o, h, low, c, v))
        if desk.over:
            break
        desk.signal(signals, t, int(panel.close_ms[t]))
    rows = [(t, float(f.quantity) * f.side.sign, float(f.price), float(f.fee)) for t, f in desk.fills]
    return rows, desk.cash


def assert_alike(panel: Panel, signals: Signals, stake: Stake, cash: float) -> Simulation:
    made = simulated(panel, signals, stake, cash)
    ours = [
        (int(t), float(q), float(p), float(f))
        for t, q, p, f in zip(made.fills.row, made.fills.quantity, made.fills.price, made.fills.fee, strict=True)
    ]
    theirs, left = matched(panel, signals, stake, cash)
    assert [row[0] for row in ours] == [row[0] for row in theirs]
    np.testing.assert_allclose(
        np.array([row[1:] for row in ours]).reshape(-1, 3),
        np.array([row[1:] for row in theirs]).reshape(-1, 3),
        rtol=1e-9,
        atol=1e-6,
    )
    assert made.cash[-1] == pytest.approx(float(left), rel=1e-9, abs=1e-4)
    return made


@given(seed=st.integers(0, 10**6), leverage=st.sampled_from([2, 10, 25, 60]))
@settings(max_examples=60, deadline=None)
def test_positions_on_their_own_margin_end_alike(seed: int, leverage: int) -> None:
    panel = dated(random_panel(seed, ROWS))
    stake = random_stake(panel, seed, leverage=leverage, isolated=True)
    assert_alike(panel, random_signals(panel, seed, lot=UNITS), stake, 1e12)


@given(seed=st.integers(0, 10**6), share=st.floats(0.05, 0.3))
@settings(max_examples=60, deadline=None)
def test_positions_that_share_the_account_end_alike(seed: int, share: float) -> None:
    panel = dated(random_panel(seed, ROWS))
    stake = random_stake(panel, seed, leverage=100, isolated=False)
    signals, cash = random_signals(panel, seed, lot=UNITS), round(share * 3 * UNITS * 100.0, 2)
    # Where money cuts an order short is a question for the account's own tests.
    assume(not cut_short(simulated(panel, signals, stake, cash), signals))
    assert_alike(panel, signals, stake, cash)


def cut_short(made: Simulation, signals: Signals) -> bool:
    wanted = set(np.unique(signals.target[np.isfinite(signals.target)]).tolist()) | {0.0}
    held = np.cumsum(made.fills.quantity)
    return not all(any(abs(one - target) < 1e-6 for target in wanted) for one in held.tolist())


def test_the_random_days_meet_what_they_are_about() -> None:
    """Enough liquidations, funding and stops, or the comparisons above would prove little."""
    liquidated = funded = stopped = 0
    for seed in range(60):
        panel = dated(random_panel(seed, ROWS))
        for leverage in (10, 60):
            stake = random_stake(panel, seed, leverage=leverage, isolated=True)
            made = assert_alike(panel, random_signals(panel, seed, lot=UNITS), stake, 1e12)
            liquidated += made.stopped >= 0
            funded += len(made.flows.row)
            stopped += int(np.count_nonzero(made.fills.reason == FillReason.STOP))
    assert min(liquidated, funded, stopped) > 50
