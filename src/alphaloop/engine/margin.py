"""When a margined position is liquidated and what funding costs it, exactly; `sim_rules` says the same in floats."""

from decimal import Decimal
from typing import NamedTuple

from alphaloop.core.money import EXACT, ONE, ZERO, stored
from alphaloop.engine.day_rules import DayRules, Table


class Mark(NamedTuple):
    """The exchange's mark price over one bar: its open, and how low and high it went."""

    open: Decimal
    low: Decimal
    high: Decimal


class Liquidation(NamedTuple):
    """The price at which a position is taken over, and the fee for it in quote units."""

    price: Decimal
    fee: Decimal


def liquidation_price(quantity: Decimal, wallet: Decimal, brackets: Table) -> Decimal | None:
    """The mark at which wallet + quantity x mark falls to the maintenance margin; None when no price does.

    `quantity` is signed, `wallet` the cash behind the position with its cost already taken out, a row of `brackets`
    (floor, rate, deduction): maintenance = notional x rate - deduction. Source: the exchanges' own formula for linear
    contracts, solved for the price in each bracket and kept where the notional lies in it.
    """
    size, side = abs(quantity), ONE.copy_sign(quantity)
    for row, (floor, rate, deduction) in enumerate(brackets):
        top = brackets[row + 1][0] if row + 1 < len(brackets) else None
        covered = EXACT.multiply(-side, EXACT.add(wallet, deduction))
        price = EXACT.divide(covered, EXACT.multiply(size, ONE - side * rate))
        notional = EXACT.multiply(size, price)
        if notional >= floor and (top is None or notional < top):
            return price
    return None


def wallet_behind(
    quantity: Decimal, average: Decimal, *, cash: Decimal, others: Decimal, share: Decimal, isolated: bool
) -> Decimal:
    """The cash behind a position, its cost taken out: its own initial margin, or everything the account is worth.

    `cash` is the account's (costs of all positions are out of it), `others` the value of its other positions.
    """
    if isolated:
        return EXACT.multiply(EXACT.subtract(EXACT.multiply(share, abs(quantity)), quantity), average)
    return EXACT.add(cash, others)


def liquidate(
    quantity: Decimal, wallet: Decimal, rules: DayRules, mark: Mark, *, stop: Decimal | None = None
) -> Liquidation | None:
    """What the adverse mark of a bar does to a position: None, or the price and fee at which it is taken over.

    A stop between the mark's open and the liquidation price closes it first. A mark that opens beyond takes the
    position there, but nobody loses more than what stood behind it.
    """
    if quantity == 0 or rules.margin is None:
        return None
    level = liquidation_price(quantity, wallet, rules.maintenance_rows())
    side = ONE.copy_sign(quantity)
    adverse = mark.low if side > 0 else mark.high
    if level is None or side * adverse > side * level:
        return None
    if stop is not None and side * stop > side * level and side * mark.open > side * stop:
        return None
    price = mark.open if side * mark.open <= side * level else level
    bankrupt = EXACT.divide(-wallet, quantity)
    price = stored(max(price, bankrupt) if side > 0 else min(price, bankrupt))
    left = max(EXACT.add(wallet, EXACT.multiply(quantity, price)), ZERO)
    fee = EXACT.multiply(EXACT.multiply(abs(quantity), price), rules.margin.liquidation_fee)
    return Liquidation(price, stored(min(fee, left)))


def funding_due(quantity: Decimal, mark: Decimal, rate: Decimal) -> Decimal:
    """What a position pays at a settlement (below zero: receives): mark x quantity x rate."""
    return stored(EXACT.multiply(EXACT.multiply(quantity, mark), rate))
