"""Gathering what the pre-trade check must know, running it, and keeping halts and limits."""

from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update

from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import Clock, from_ms
from alphaloop.core.errors import AlphaLoopError, ConflictError, ForbiddenError, HaltedError
from alphaloop.core.events import Event
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import EXACT, ZERO, plain
from alphaloop.core.order import VenueOrder
from alphaloop.engine.day_rules import Band
from alphaloop.engine.day_state import order_day
from alphaloop.engine.market_rules import rules_on
from alphaloop.engine.matching import TradingDay
from alphaloop.engine.risk import MINUTE_MS, PLATFORM_DEFAULT, Limits, RiskContext, Verdict, check, strictest
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account, TradingMode
from alphaloop.features.audit import service as audit
from alphaloop.features.ledger import service as ledger
from alphaloop.features.market import service as instruments
from alphaloop.features.positions import service as positions
from alphaloop.features.risk.models import RateEvent, RiskConfig, RiskHalt, RiskLog
from alphaloop.features.risk.schemas import RiskLimits
from alphaloop.infra.db import Database, ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.outbox import announce

DAY_MS = 24 * 60 * MINUTE_MS
STALE_BARS = 3
_LIMIT_NAMES = tuple(RiskLimits.model_fields)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What the operator allows at most: the modes that may trade, and the strictest rates anybody may relax to."""

    live_allowed: bool
    maximum: Limits


@dataclass(frozen=True, slots=True)
class Market:
    """What the account knows of the market: the last price, and whether an order sent now could still trade.

    `waits_for_bar` is True where orders trade at the next bar, which by definition is open; `over` where no bar will
    ever come.
    """

    last_price: Decimal | None
    stale: bool
    waits_for_bar: bool
    over: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused order, in plain values that outlive the transaction it was refused in; `now_ms` is account time."""

    user_id: int
    account_id: int
    instrument: str
    verdict: Verdict
    now_ms: int


class RiskRefusedError(ConflictError):
    """An order that the pipeline refused; the code is `risk_` + the failed check."""

    def __init__(self, refused: Refused) -> None:
        failure = refused.verdict.failure
        assert failure is not None
        numbers = ""
        if failure.value is not None and failure.limit is not None:
            numbers = f" ({plain(round(failure.value, 8))} against {plain(round(failure.limit, 8))})"
        code = refusal_code(refused.verdict)
        super().__init__(f"Order refused by the risk check {failure.code}{numbers}.", code=code)
        self.refused = refused


class TradingHaltedError(HaltedError):
    """An order that a halt refused."""

    def __init__(self, refused: Refused) -> None:
        super().__init__("Trading is halted. You can cancel and close.", code="trading_halted")
        self.refused = refused


def refusal_code(verdict: Verdict) -> str:
    """The stable code that people see for a failed verdict."""
    return verdict.code if verdict.code == "trading_halted" else f"risk_{verdict.code}"


def refusal(refused: Refused) -> RiskRefusedError | TradingHaltedError:
    if refused.verdict.code == "trading_halted":
        return TradingHaltedError(refused)
    return RiskRefusedError(refused)


async def record_refusal(db: Database, clock: Clock, error: AlphaLoopError) -> None:
    """Log a refusal in a transaction of its own, because the refused one was rolled back; hears of every error."""
    if isinstance(error, RiskRefusedError | TradingHaltedError):
        async with db.write() as session:
            await log_refusal(session, error.refused, clock=clock)


async def limits_for(session: ReadSession, account: Account, ceiling: Ceiling) -> Limits:
    """Limits of an account: the strictest of what its user and the account itself set, under the platform's maxima."""
    rows = await session.scalars(
        select(RiskConfig).where(
            or_(
                (RiskConfig.scope == "USER") & (RiskConfig.scope_id == account.user_id),
                (RiskConfig.scope == "ACCOUNT") & (RiskConfig.scope_id == account.id),
            )
        )
    )
    scopes = [Limits(**{name: getattr(row, name) for name in _LIMIT_NAMES}) for row in rows]
    return strictest(PLATFORM_DEFAULT, scopes, ceiling.maximum)


async def check_order(
    session: ReadSession,
    account: Account,
    instrument: Instrument,
    order: VenueOrder,
    *,
    market: Market,
    ceiling: Ceiling,
    now_ms: int,
    duplicate: bool = False,
    day: TradingDay | None = None,
) -> Verdict:
    """Run the pipeline over one order with everything known in this transaction. Read-only: the preview uses it too.

    `day` is `trading_day`'s answer, for callers that have asked already.
    """
    limits = await limits_for(session, account, ceiling)
    worth = await positions.worth(session, account)
    balances = await ledger.balances(session, ledger.ACCOUNT, account.id)
    quote, base = balances.get(instrument.quote), balances.get(instrument.base)
    day = day or await trading_day(session, account, instrument, now_ms=now_ms)
    initial = day.rules.initial_share(account.leverage)
    context = RiskContext(
        mode_allowed=account.trading_mode != TradingMode.LIVE or ceiling.live_allowed,
        halted=await find_halt(session, account) is not None,
        market_open=not market.over and (market.waits_for_bar or _takes_orders(instrument, now_ms)),
        last_price=market.last_price,
        last_price_stale=market.stale,
        equity=worth.equity,
        cash_free=quote.free if quote else ZERO,
        quantity=day.position,
        sellable=base.free if base else ZERO,
        exposure_pending=quote.locked if quote else ZERO,
        orders_last_minute=await _count_since(session, account.id, now_ms - MINUTE_MS),
        orders_today=await _count_since(session, account.id, now_ms // DAY_MS * DAY_MS - 1),
        duplicate=duplicate,
        fee_rate=account.fee_rate,
        day=day,
        cage=_cage(instrument, day, market, now_ms),
        margin_free=await margin_free(session, account, worth.equity) if initial < 1 else None,
        initial_share=initial,
    )
    return check(order, instrument, context, limits)


async def trading_day(session: ReadSession, account: Account, instrument: Instrument, *, now_ms: int) -> TradingDay:
    """What binds an order sent now: the rules of the session it would trade in, its price limits, what may be sold."""
    found = await positions.trading_day(session, account, instrument, order_day(instrument, now_ms))
    return replace(found, rules=found.rules.in_fractions()) if account.fractional else found


def _takes_orders(instrument: Instrument, now_ms: int) -> bool:
    """Whether the market takes orders at this time: in continuous trading and in its auctions."""
    calendar, moment = find_calendar(instrument.calendar), from_ms(now_ms)
    return calendar.is_open(moment) or calendar.in_auction(moment)


def _cage(instrument: Instrument, day: TradingDay, market: Market, now_ms: int) -> Band | None:
    """The worst limit prices around the last one; none in auctions, and none where an order waits for the next bar."""
    calendar, moment = find_calendar(instrument.calendar), from_ms(now_ms)
    if market.waits_for_bar or market.last_price is None or day.rules.phase_at(calendar.local_time(moment)) is not None:
        return None
    return day.rules.cage_band(market.last_price)


async def margin_free(session: ReadSession, account: Account, equity: Decimal) -> Decimal:
    """Equity that no position binds: less every position's initial share of its value at the mark."""
    free = equity
    for row in await positions.list_positions(session, account.id):
        spec = await instruments.get_instrument(session, row.instrument)
        share = rules_on(spec, from_ms(row.mark_ts_ms).date()).initial_share(account.leverage)
        bound = EXACT.multiply(EXACT.multiply(abs(row.quantity), row.mark), share)
        free = EXACT.subtract(free, bound)
    return free


async def _count_since(session: ReadSession, account_id: int, ts_ms: int) -> int:
    return (
        await session.scalar(
            select(func.count())
            .select_from(RateEvent)
            .where(RateEvent.account_id == account_id, RateEvent.ts_ms > ts_ms)
        )
        or 0
    )


async def count_order(session: WriteSession, account: Account, *, now_ms: int) -> None:
    """Count one accepted parent order against the rates; called in the transaction that accepts it."""
    await session.execute(insert(RateEvent).values(account_id=account.id, ts_ms=now_ms))
    await session.execute(
        delete(RateEvent).where(RateEvent.account_id == account.id, RateEvent.ts_ms < now_ms - 2 * DAY_MS)
    )


async def log_refusal(session: WriteSession, refused: Refused, *, clock: Clock) -> None:
    """Keep what was refused and tell the user."""
    failure = refused.verdict.failure
    assert failure is not None
    session.add(
        RiskLog(
            user_id=refused.user_id,
            account_id=refused.account_id,
            instrument=refused.instrument,
            step=failure.step,
            rule_type=failure.code,
            trigger_value=failure.value,
            threshold=failure.limit,
            action_taken="REJECT",
            market_ts_ms=refused.now_ms,
            created_at=clock.now(),
        )
    )
    payload = {
        "account_id": str(refused.account_id),
        "instrument": refused.instrument,
        "code": refusal_code(refused.verdict),
        "step": failure.step,
        "value": None if failure.value is None else plain(failure.value),
        "limit": None if failure.limit is None else plain(failure.limit),
    }
    event = Event("risk.order_refused", payload, refused.user_id, refused.account_id)
    await announce(session, event, at=clock.now())


async def find_halt(session: ReadSession, account: Account) -> RiskHalt | None:
    """The halt that stops this account now, the widest first."""
    rows = await session.scalars(
        select(RiskHalt)
        .where(
            RiskHalt.lifted_at.is_(None),
            or_(
                RiskHalt.scope == "PLATFORM",
                (RiskHalt.scope == "USER") & (RiskHalt.scope_id == account.user_id),
                (RiskHalt.scope == "ACCOUNT") & (RiskHalt.scope_id == account.id),
            ),
        )
        .order_by(RiskHalt.id)
    )
    order = {"PLATFORM": 0, "USER": 1, "ACCOUNT": 2}
    return min(rows, key=lambda row: order[row.scope], default=None)


async def set_halt(
    session: WriteSession, actor: Actor, *, on: bool, reason: str, account_id: int | None, platform: bool, clock: Clock
) -> None:
    """Stop or resume everything new for the platform, for the person, or for one of their accounts."""
    actor.require("risk.halt")
    if platform:
        actor.require("risk.platform")
        scope, scope_id = "PLATFORM", 0
    elif account_id is not None:
        scope, scope_id = "ACCOUNT", (await accounts.get_account(session, actor, account_id)).id
    else:
        scope, scope_id = "USER", actor.person
    standing = (RiskHalt.scope == scope, RiskHalt.scope_id == scope_id, RiskHalt.lifted_at.is_(None))
    known = await session.scalar(select(RiskHalt.id).where(*standing))
    if on and known is None:
        session.add(RiskHalt(scope=scope, scope_id=scope_id, reason=reason, set_by=actor.user_id, set_at=clock.now()))
    elif not on and known is not None:
        await session.execute(update(RiskHalt).where(*standing).values(lifted_by=actor.user_id, lifted_at=clock.now()))
    await audit.record(
        session,
        actor,
        clock=clock,
        action="risk.halt" if on else "risk.resume",
        resource_type="risk_halt",
        resource_id=f"{scope}:{scope_id}",
        account_id=account_id,
        details={"reason": reason},
    )
    payload: dict[str, Any] = {"change": "halted" if on else "resumed", "scope": scope, "reason": reason}
    await announce(session, Event("risk.halt_changed", payload, actor.user_id, account_id), at=clock.now())


async def read_config(session: ReadSession, actor: Actor, ceiling: Ceiling) -> tuple[Limits, Limits]:
    """(what the person set, what applies)."""
    row = await session.scalar(
        select(RiskConfig).where(RiskConfig.scope == "USER", RiskConfig.scope_id == actor.person)
    )
    own = Limits() if row is None else Limits(**{name: getattr(row, name) for name in _LIMIT_NAMES})
    return own, strictest(PLATFORM_DEFAULT, [own], ceiling.maximum)


async def write_config(session: WriteSession, actor: Actor, limits: Limits, *, clock: Clock) -> None:
    """Replace the person's own limits."""
    if not actor.allows("risk.manage") and not actor.allows("order.place"):
        raise ForbiddenError("You are not allowed to change limits.", code="permission_missing")
    where = (RiskConfig.scope == "USER", RiskConfig.scope_id == actor.person)
    row = await session.scalar(select(RiskConfig).where(*where).with_for_update())
    before = None if row is None else {name: str(getattr(row, name)) for name in _LIMIT_NAMES}
    values = {name: getattr(limits, name) for name in _LIMIT_NAMES}
    if row is None:
        session.add(RiskConfig(scope="USER", scope_id=actor.person, updated_at=clock.now(), **values))
    else:
        await session.execute(update(RiskConfig).where(*where).values(updated_at=clock.now(), **values))
    await audit.record(
        session,
        actor,
        clock=clock,
        action="risk.configure",
        resource_type="risk_config",
        resource_id=actor.person,
        before=before,
        after={name: str(value) for name, value in asdict(limits).items()},
    )


async def list_logs(session: ReadSession, account_ids: list[int], *, before: int | None, limit: int) -> list[RiskLog]:
    query = select(RiskLog).where(RiskLog.account_id.in_(account_ids))
    if before is not None:
        query = query.where(RiskLog.id < before)
    return list(await session.scalars(query.order_by(RiskLog.id.desc()).limit(limit)))


async def exposure_pct(session: ReadSession, account: Account) -> float | None:
    """Value of all positions as a share of equity."""
    worth = await positions.worth(session, account)
    if worth.equity <= 0:
        return None
    return float(EXACT.divide(abs(worth.market_value), worth.equity))


async def orders_last_minute(session: ReadSession, account: Account, *, now_ms: int) -> int:
    return await _count_since(session, account.id, now_ms - MINUTE_MS)
