"""The option book: groups of legs opened, marked, margined and settled row by row, beside a holding of the underlying.

What is decided at one close trades at the next, all at one moment. A group trades whole or not at all.
"""

from dataclasses import dataclass, field

import numpy as np

from alphaloop.core.errors import InvalidError
from alphaloop.core.signal import Sizing
from alphaloop.engine.options.fills import UNDERLYING, OptionFill, OptionTrade, Refused
from alphaloop.engine.options.legs import Basis, Legs, check_legs, wanted_at
from alphaloop.engine.options.margin import group_margin
from alphaloop.engine.options.quotes import Market, Terms
from alphaloop.engine.panel import Floats, Ints, Panel
from alphaloop.engine.strategy import Signals


@dataclass(slots=True)
class _Held:
    contract: Ints
    quantity: Floats
    units: float
    entry_row: int
    credit: float
    mark: Floats
    cash: float = 0.0
    fees: float = 0.0
    hedge: float = 0.0


@dataclass(slots=True)
class OptionBook:
    """One account over T rows: call `run` once. `equity`, `margin` and `delta` float64[T] are after each row's close.

    `delta` is what hedging left, in units of the underlying; NaN where nothing is held or hedged.
    """

    panel: Panel
    legs: Legs
    market: Market
    cash: float
    terms: Terms
    signals: Signals | None = None
    units: float = 0.0
    delivered: float = 0.0
    stopped: int = -1
    held: dict[int, _Held] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)
    called: set[int] = field(default_factory=set)
    fills: list[OptionFill] = field(default_factory=list)
    trades: list[OptionTrade] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    equity: Floats = field(default_factory=lambda: np.empty(0))
    margin: Floats = field(default_factory=lambda: np.empty(0))
    delta: Floats = field(default_factory=lambda: np.empty(0))

    def run(self) -> "OptionBook":
        """Walk the rows. InvalidError for unfit legs, more than one instrument, or targets other than weights."""
        rows = len(self.panel.ts_ms)
        check_legs(self.legs, rows)
        if self.panel.close.shape[1] != 1:
            raise InvalidError("Option legs take one underlying.", code="too_many_instruments")
        if self.signals is not None and self.signals.sizing is not Sizing.WEIGHT:
            raise InvalidError("Beside options the underlying is held by weight.", code="bad_signals")
        self.equity, self.margin, self.delta = np.full(rows, self.cash), np.zeros(rows), np.full(rows, np.nan)
        last, instruction = -1, (np.nan, -1)
        for row in range(rows):
            spot = float(self.panel.close[row, 0])
            if np.isfinite(spot):
                self._settle(row, last, spot)
                self._mark(row)
                if last >= 0 and self.stopped < 0:
                    instruction = self._trade(row, last, spot, instruction)
                last = row
            self._close_of_day(row, float(self.panel.close[last, 0]) if last >= 0 else np.nan, fresh=last == row)
        return self

    def _settle(self, row: int, last: int, spot: float) -> None:
        """End what has expired, at the last close up to its expiry; delivered units are sold off a row later."""
        if self.delivered:
            self._deal(row, -self.delivered, spot, "delivery")
            self.delivered = 0.0
        for group, held in list(self.held.items()):
            expiry = self.legs.contracts.expiry_ms[held.contract]
            over = expiry <= self.panel.close_ms[row]
            if not over.any():
                continue
            for k in np.flatnonzero(over):
                at = row if expiry[k] == self.panel.close_ms[row] or last < 0 else last
                self._expire(row, group, held, int(k), float(self.panel.close[at, 0]))
            left = ~over
            held.contract, held.quantity, held.mark = held.contract[left], held.quantity[left], held.mark[left]
            if not left.any():
                self._end(row, group, spot, "expiry")

    def _expire(self, row: int, group: int, held: _Held, k: int, price: float) -> None:
        contract, quantity = int(held.contract[k]), float(held.quantity[k])
        sign = 1.0 if self.legs.contracts.call[contract] else -1.0
        worth = max(sign * (price - float(self.legs.contracts.strike[contract])), 0.0)
        self._pay(held, quantity * worth * self.terms.multiplier)
        self.fills.append(OptionFill(row, contract, -quantity, worth, 0.0, group, "expiry"))
        if self.terms.delivery and worth > 0.0:
            # Paid in cash above and bought at the same price here: together the strike for the units.
            units = sign * quantity * self.terms.multiplier
            self.cash -= units * price
            self.delivered += units

    def _trade(self, row: int, decided: int, spot: float, instruction: tuple[float, int]) -> tuple[float, int]:
        """Act on what the last row with a bar wanted: first what ends, then the underlying, then what begins."""
        wanted = wanted_at(self.legs, decided)
        for group in [one for one in self.held if one not in wanted or one in self.called]:
            self._close(row, group, spot, "margin_call" if group in self.called else "close")
        worth = self._worth(spot)
        if self.signals is not None:
            target, episode = self.signals.target[decided, 0], self.signals.episode[decided, 0]
            instruction = self._follow(row, spot, worth, (float(target), int(episode)), instruction)
        for group, (contract, ratio) in wanted.items():
            if group not in self.held and group not in self.spent:
                self._open(row, group, contract, ratio, spot=spot, worth=worth)
        return instruction

    def _follow(
        self, row: int, spot: float, worth: float, told: tuple[float, int], before: tuple[float, int]
    ) -> tuple[float, int]:
        if np.isnan(told[0]) or told == before:
            return before
        units = told[0] * worth / (spot * (1.0 + self.terms.fee_rate))
        self._deal(row, units - self.units, spot, "target")
        self.units = units
        return told

    def _open(self, row: int, group: int, contract: Ints, ratio: Floats, *, spot: float, worth: float) -> None:
        if np.any(self.legs.contracts.expiry_ms[contract] <= self.panel.close_ms[row]):
            self._refuse(row, group, "expired")
            return
        quotes = self.market.at(row, contract)
        price = np.where(ratio > 0.0, quotes.ask, quotes.bid)
        if not np.all(np.isfinite(price)):
            self.refused.append(Refused(row, group, "no_quote"))
            return
        fees = float(np.abs(ratio).sum()) * self.terms.fee
        unit_cost = float((price * ratio).sum()) * self.terms.multiplier + fees
        need = self._margin_of(contract, ratio, quotes.mark, spot)
        per_unit = {Basis.PREMIUM: unit_cost, Basis.RISK: need, Basis.NOTIONAL: spot * self.terms.multiplier}
        size = per_unit[self.legs.basis]
        units = float(np.floor(self.legs.share[group] * worth / size)) if size > 0.0 else 0.0
        why = None
        if units < 1.0:
            why = "too_small"
        elif unit_cost * units > max(self.cash, 0.0):
            why = "no_cash"
        elif self._margin_held(spot) + need * units > worth:
            why = "no_margin"
        if why is not None:
            self._refuse(row, group, why)
            return
        credit = -float((price * ratio).sum()) * self.terms.multiplier * units
        held = _Held(contract, ratio * units, units, row, credit, quotes.mark)
        self._pay(held, credit, fees * units)
        self.held[group] = held
        for one, share, paid in zip(contract.tolist(), ratio.tolist(), price.tolist(), strict=True):
            self.fills.append(
                OptionFill(row, one, share * units, paid, abs(share) * units * self.terms.fee, group, "open")
            )

    def _refuse(self, row: int, group: int, why: str) -> None:
        self.refused.append(Refused(row, group, why))
        self.spent.add(group)

    def _close(self, row: int, group: int, spot: float, kind: str) -> None:
        held = self.held[group]
        quotes = self.market.at(row, held.contract)
        price = np.where(held.quantity > 0.0, quotes.bid, quotes.ask)
        if not np.all(np.isfinite(price)):
            return
        for one, quantity, got in zip(held.contract.tolist(), held.quantity.tolist(), price.tolist(), strict=True):
            fee = abs(quantity) * self.terms.fee
            self._pay(held, quantity * got * self.terms.multiplier, fee)
            self.fills.append(OptionFill(row, one, -quantity, got, fee, group, kind))
        self._end(row, group, spot, kind)

    def _end(self, row: int, group: int, spot: float, kind: str) -> None:
        held = self.held[group]
        self._hedge(row, group, 0.0, spot)
        del self.held[group]
        self.called.discard(group)
        self.spent.add(group)
        reason = self.legs.reasons[group] if self.legs.reasons else ""
        self.trades.append(
            OptionTrade(group, held.entry_row, row, held.units, held.credit, held.fees, held.cash, kind, reason)
        )

    def _mark(self, row: int) -> None:
        for held in self.held.values():
            mark = self.market.at(row, held.contract).mark
            held.mark = np.where(np.isfinite(mark), mark, held.mark)

    def _close_of_day(self, row: int, spot: float, *, fresh: bool) -> None:
        """Hedge and look at the margin; an account that its margin has outgrown is closed at the next row."""
        if fresh and self.legs.hedged and self.stopped < 0:
            self._rehedge(row, spot)
        self.equity[row] = self._worth(spot) if np.isfinite(spot) else self.cash
        self.margin[row] = self._margin_held(spot) if np.isfinite(spot) else 0.0
        if self.margin[row] > self.equity[row]:
            self.called |= {g for g, one in self.held.items() if np.any(one.quantity < 0.0)}
        if self.stopped < 0 and self.equity[row] <= 0.0:
            self._ruin(row, spot)

    def _ruin(self, row: int, spot: float) -> None:
        """Nothing is left: everything ends at this close and nothing begins again."""
        self.stopped = row
        for group in list(self.held):
            self._close(row, group, spot, "margin_call")
        self._deal(row, -(self.units + self.delivered), spot, "margin_call")
        self.units = self.delivered = 0.0
        self.equity[row] = self._worth(spot)

    def _rehedge(self, row: int, spot: float) -> None:
        """Bring every group's own delta to nil in whole units; without a quote its old hedge stands."""
        left = 0.0
        for group, held in self.held.items():
            deltas = self.market.deltas(row, held.contract)
            total = float((deltas * held.quantity).sum()) * self.terms.multiplier
            if np.isfinite(total):
                self._hedge(row, group, float(-np.rint(total)), spot)
            left += total + held.hedge
        if self.held:
            self.delta[row] = left

    def _hedge(self, row: int, group: int, units: float, spot: float) -> None:
        held = self.held[group]
        change = units - held.hedge
        fee = abs(change) * spot * self.terms.fee_rate
        self._deal(row, change, spot, "hedge", group)
        held.cash -= change * spot + fee
        held.fees += fee
        held.hedge = units

    def _deal(self, row: int, quantity: float, spot: float, kind: str, group: int = -1) -> None:
        if quantity == 0.0:
            return
        fee = abs(quantity) * spot * self.terms.fee_rate
        self.cash -= quantity * spot + fee
        self.fills.append(OptionFill(row, UNDERLYING, quantity, spot, fee, group, kind))

    def _pay(self, held: _Held, amount: float, fee: float = 0.0) -> None:
        self.cash += amount - fee
        held.cash += amount - fee
        held.fees += fee

    def _worth(self, spot: float) -> float:
        options = sum(float((held.quantity * held.mark).sum()) for held in self.held.values())
        units = self.units + self.delivered + sum(held.hedge for held in self.held.values())
        return self.cash + units * spot + options * self.terms.multiplier

    def _margin_held(self, spot: float) -> float:
        return sum(self._margin_of(held.contract, held.quantity, held.mark, spot) for held in self.held.values())

    def _margin_of(self, contract: Ints, quantity: Floats, mark: Floats, spot: float) -> float:
        contracts = self.legs.contracts
        expiry = contracts.expiry_ms[contract]
        return group_margin(
            contracts.strike[contract],
            contracts.call[contract],
            quantity,
            mark,
            spot=spot,
            one_expiry=bool(np.all(expiry == expiry[:1])),
            terms=self.terms,
        )
