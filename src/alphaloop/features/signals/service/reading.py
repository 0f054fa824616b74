"""Reading signals and runs of the accounts a person reaches, and what they come to together."""

from collections import defaultdict
from typing import Any

from sqlalchemy import and_

from alphaloop.core.clock import Clock
from alphaloop.core.errors import NotFoundError
from alphaloop.core.signal import Direction, SignalStatus
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.positions import service as positions
from alphaloop.features.signals import repository, rules
from alphaloop.features.signals.models import RunStatus, StrategyRun, TradingSignal
from alphaloop.features.signals.outcome import Hit, Outcome, Performance, perform
from alphaloop.features.signals.schemas import RunView
from alphaloop.infra.db import ReadSession
from alphaloop.infra.identity import SYSTEM, Actor
from alphaloop.infra.jobs.models import JobRow, JobStatus


async def reachable(session: ReadSession, actor: Actor, account_id: int | None) -> list[int]:
    """The account asked for, or every account the person reaches."""
    if account_id is not None:
        return [(await accounts.get_account(session, actor, account_id)).id]
    return [account.id for account in await accounts.list_accounts(session, actor)]


async def seen_until_ms(session: ReadSession, account: Account, clock: Clock) -> int:
    """The moment up to which an account knows the market, epoch ms: on a replay never later than what that has shown,
    also before its first bar."""
    now_ms = await positions.account_time_ms(session, account, clock)
    shown = await market.moment_of(session, SYSTEM, account.replay_id)
    return now_ms if shown is None else min(now_ms, shown)


async def get_signal(session: ReadSession, actor: Actor, signal_id: int, *, lock: bool = False) -> TradingSignal:
    """The signal, if it is of an account this person reaches."""
    signal = await repository.find_signal(session, signal_id, lock=lock)
    if signal is not None:
        try:
            await accounts.get_account(session, actor, signal.account_id)
        except NotFoundError:
            signal = None
    if signal is None:
        raise NotFoundError("There is no such signal.", code="signal_not_found")
    return signal


async def list_signals(
    session: ReadSession, account_ids: list[int], *, before: int | None, limit: int, **only: Any
) -> list[TradingSignal]:
    """Newest first, ids below `before`; `only` are columns and what they must equal (None: anything)."""
    return await repository.list_signals(session, account_ids, only=only, before=before, limit=limit)


async def list_runs(session: ReadSession, actor: Actor, named: str, *, before: int | None, limit: int) -> list[RunView]:
    """Runs of a strategy for accounts this person reaches, newest first."""
    row = await catalog.get_strategy(session, actor, named)
    ids = await reachable(session, actor, None)
    rows = await repository.list_runs(session, row.id, ids, before=before, limit=limit)
    return [await _run_view(session, one) for one in rows]


async def _run_view(session: ReadSession, run: StrategyRun) -> RunView:
    """A run as it stands: one whose job ended without it (cancelled while it waited, or given up) has failed."""
    view = RunView.model_validate(run)
    if view.status in (RunStatus.PENDING, RunStatus.RUNNING):
        job = await session.get(JobRow, run.job_id)
        if job is None or job.status in (JobStatus.CANCELLED, JobStatus.FAILED):
            lost = {"code": "run_cancelled", "message": "The run was cancelled before it ended.", "detail": []}
            error = (job.error if job is not None else None) or lost
            return view.model_copy(update={"status": RunStatus.FAILED, "error": error})
    return view


async def read_agreements(
    session: ReadSession, account_ids: list[int]
) -> list[tuple[list[TradingSignal], rules.Verdict]]:
    """What open signals want together, by instrument: of each strategy its newest word."""
    newest: dict[str, dict[str, TradingSignal]] = defaultdict(dict)
    for signal in await repository.open_signals(session, account_ids):
        newest[signal.instrument][signal.strategy_key] = signal
    found = []
    for _, by_strategy in sorted(newest.items()):
        signals = list(by_strategy.values())
        found.append((signals, rules.agree([vote_of(one) for one in signals])))
    return found


def vote_of(signal: TradingSignal) -> rules.Vote:
    """A signal's word, for `rules.agree`."""
    strength = 1.0 if signal.signal_strength is None else signal.signal_strength
    return rules.Vote(signal.id, signal.strategy_key, Direction(signal.direction), signal.weight, strength)


async def read_performance(session: ReadSession, actor: Actor, named: str) -> tuple[int, int, Performance]:
    """(signals, of them executed, figures of those that ended) of a strategy on accounts this person reaches."""
    row = await catalog.get_strategy(session, actor, named)
    ids = await reachable(session, actor, None)
    theirs = and_(TradingSignal.strategy_key == row.key, TradingSignal.account_id.in_(ids))
    executed = and_(theirs, TradingSignal.signal_status == SignalStatus.EXECUTED)
    return (
        await repository.count(session, theirs),
        await repository.count(session, executed),
        performance_of(await repository.ended(session, theirs)),
    )


def performance_of(ended: list[TradingSignal]) -> Performance:
    """Figures of signals whose outcome is known."""
    return perform([(one.ts_ms, outcome_of(one)) for one in ended])


def outcome_of(signal: TradingSignal) -> Outcome:
    return Outcome(
        mfe=signal.mfe or 0.0,
        mae=signal.mae or 0.0,
        outcome=signal.outcome or 0.0,
        r_multiple=signal.r_multiple,
        hit=None if signal.hit is None else Hit(signal.hit),
        bars=signal.bars_held or 0,
    )
