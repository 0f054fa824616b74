"""One bar, in one order, the same in replay and live: match, book, mark, structures, strategies, orders, then the page.

Every step is safe to repeat: a process killed anywhere inside a turn runs the whole turn again and ends the same.
"""

import asyncio
import contextlib
import time
from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loguru import logger

from alphaloop.adapters.feeds.replay import ReplayStatus
from alphaloop.adapters.venues.paper import PaperVenue
from alphaloop.core.bar import Bar
from alphaloop.core.calendar import find_calendar
from alphaloop.core.clock import to_ms
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import AlphaLoopError
from alphaloop.core.instrument import Instrument
from alphaloop.core.money import plain
from alphaloop.core.signal import Desired
from alphaloop.engine.day_state import day_of
from alphaloop.engine.simulate import Held
from alphaloop.engine.strategy import load_strategy
from alphaloop.features.accounts import service as accounts
from alphaloop.features.accounts.models import Account
from alphaloop.features.catalog import service as catalog
from alphaloop.features.market import service as market
from alphaloop.features.market.models import Replay, StoredMode
from alphaloop.features.market.service import BarStore
from alphaloop.features.orders.execution import Execution
from alphaloop.features.positions import service as positions
from alphaloop.features.positions.service import Worth
from alphaloop.features.research.live import LiveStructure
from alphaloop.features.risk.ceiling import read_ceiling
from alphaloop.features.sessions import service as sessions
from alphaloop.features.sessions.fitness import is_own
from alphaloop.features.sessions.foreign import ForeignRunner
from alphaloop.features.sessions.models import TradingSession
from alphaloop.features.sessions.replays import announce_replay
from alphaloop.features.sessions.runner import Prices, Runner
from alphaloop.infra.db import ReadSession
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.identity import SYSTEM
from alphaloop.infra.outbox import Dispatcher

EQUITY_EVERY_S = 0.1
PAPER_VENUE = "paper"


@dataclass(frozen=True, slots=True)
class _Wish:
    """What one session wants at a bar, or why it could not say, as "code: what happened"."""

    row: TradingSession
    account: Account
    desired: Desired | None
    memory: list[float]
    failure: str | None = None


class Trading:
    """What all turns share: the door to the market, the outbox, and one lock per account."""

    def __init__(self, wiring: Wiring, execution: Execution, paper: PaperVenue, dispatcher: Dispatcher) -> None:
        self.wiring = wiring
        self.execution = execution
        self.paper = paper
        self.dispatcher = dispatcher
        self.store = BarStore(wiring.settings.bars_dir)
        self.ceiling = read_ceiling(wiring.settings)
        self.locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def prepare(self, account: Account, instrument: Instrument) -> None:
        """Make an account and an instrument known to the paper venue, and settle what a crash left open."""
        self.paper.list_instrument(instrument)
        await self.paper.open_account(
            account.id,
            quote_asset=account.quote_asset,
            cash=account.opening_cash,
            fee_rate=account.fee_rate,
            slippage_bps=account.slippage_bps,
            leverage=account.leverage,
            isolated=account.isolated,
            fractional=account.fractional,
        )
        await self.recover(account)

    async def book_tickets(self, account: Account) -> None:
        """Book what a person said came of their tickets."""
        async with self.locks[account.id]:
            await self.execution.book(account)

    async def pass_ex_date(self, account: Account, instrument: Instrument, action: CorporateAction) -> None:
        """Book an ex-date for an account that no replay drives."""
        if account.venue == PAPER_VENUE:
            await self.prepare(account, instrument)
        async with self.locks[account.id]:
            await self.execution.pass_ex_date(account, instrument, action)

    async def recover(self, account: Account) -> None:
        """Settle what a crash left open of an account that no replay drives."""
        async with self.wiring.db.read() as session:
            now_ms = await positions.account_time_ms(session, account, self.wiring.clock)
        async with self.locks[account.id]:
            await self.execution.recover(account, now_ms=now_ms)

    async def serve_orders(self, account: Account) -> None:
        """Send and cancel what people asked for between two bars."""
        async with self.wiring.db.read() as session:
            now_ms = await positions.account_time_ms(session, account, self.wiring.clock)
        async with self.locks[account.id]:
            await self.execution.work(account, now_ms=now_ms)


class ReplayTurns:
    """A replay in motion: its series so far, its structures, and the strategies that trade it."""

    def __init__(self, trading: Trading, replay: Replay, instrument: Instrument) -> None:
        self._trading = trading
        self._wiring = trading.wiring
        self.replay = replay
        self.instrument = instrument
        self._calendar = find_calendar(instrument.calendar)
        self._accounts: list[Account] = []
        self._runners: dict[int, Runner | ForeignRunner] = {}
        self._owners: dict[int, int] = {}
        # Start, end and prices of each bar so far, and the ex-dates between the bar before and it.
        self._history: list[tuple[int, int, Prices, list[CorporateAction]]] = []
        self._live: LiveStructure | None = None
        self._equity_shown = 0.0
        # Of the time after the cursor, oldest first; what has been passed is dropped.
        self._ex_dates: list[CorporateAction] = []
        self._settlements: list[market.Settlement] = []
        self._marks = market.Marks()

    async def load(self) -> None:
        """Bring everything to the replay's cursor, as if the process had never stopped."""
        async with self._wiring.db.read() as session:
            self._accounts = await accounts.accounts_on_replay(session, self.replay.id)
            key = await market.series_key(session, self.replay.instrument, self.replay.frame)
            moment = await market.replay_time_ms(session, self.replay)
            known = await self._known_ex_dates(session, key)
            self._settlements = await market.settlements_between(
                session, self.replay.instrument, after_ms=self.replay.cursor_ts, until_ms=self.replay.last_ts
            )
        self._key = key
        today = day_of(self.instrument, self.replay.cursor_ts)
        self._ex_dates = [action for action in known if action.ex_date > today]
        self._marks = await market.load_marks(
            self._trading.store, self.replay.instrument, self.replay.frame, since_ts=self.replay.cursor_ts
        )
        columns = await market.read_arrays(self._trading.store, key, as_of_ms=moment)
        manifest = self._trading.store.manifest(self.replay.instrument, self.replay.frame)
        decimals = manifest.price_decimals if manifest is not None else 8
        self._live = await asyncio.to_thread(LiveStructure, columns, decimals=decimals)
        rows = zip(*(columns[name].tolist() for name in ("ts", "open", "high", "low", "close", "volume")), strict=True)
        coming = deque(known)
        self._history = [
            (ts, self._calendar.close_ms(ts, self.replay.frame), (o, h, low, c, v), self._passed(coming, ts))
            for ts, o, h, low, c, v in rows
        ]
        for account in self._accounts:
            await self._trading.prepare(account, self.instrument)

    def _passed(self, coming: deque[CorporateAction], ts_ms: int) -> list[CorporateAction]:
        """Take the ex-dates away that a bar opening at `ts_ms` has behind it."""
        passed = []
        while coming and coming[0].ex_date <= day_of(self.instrument, ts_ms):
            passed.append(coming.popleft())
        return passed

    async def _known_ex_dates(self, session: ReadSession, key: market.SeriesKey) -> list[CorporateAction]:
        """Ex-dates of the whole replay. Prices that were put across them already carry the cash: none there."""
        if key.held_as is not StoredMode.RAW:
            return []
        first, last = (day_of(self.instrument, ts) for ts in (self.replay.first_ts, self.replay.last_ts))
        return await market.ex_dates_between(session, self.instrument.symbol, after=first, until=last)

    async def next_bars(self, limit: int) -> list[Bar]:
        return await market.read_bars(self._trading.store, self._key, after_ts=self.replay.cursor_ts, limit=limit)

    async def run(self, bar: Bar) -> None:
        """One turn. Afterwards the replay's cursor stands on this bar and every event of the turn is delivered.

        An ex-date is passed before its first bar, and funding is settled on what was held before the bar that opens
        with the settlement (or after the one it falls into). What the venue did is booked next; then marks,
        strategies' orders and the cursor move in one transaction, so that a crash leaves either the old bar or the new
        one. Orders are sent after it: what a crash leaves unsent is found at the next start, at the same account time.
        """
        began = self._wiring.clock.now()
        prices = (float(bar.open), float(bar.high), float(bar.low), float(bar.close), float(bar.volume))
        assert self._live is not None
        async with contextlib.AsyncExitStack() as locked:
            traded: set[int] = set()
            reached = [action for action in self._ex_dates if action.ex_date <= day_of(self.instrument, bar.ts_ms)]
            settled = [one for one in self._settlements if one.ts_ms <= bar.ts_ms]
            mark = self._marks.over(bar)
            for account in self._accounts:
                await locked.enter_async_context(self._trading.locks[account.id])
                for action in reached:
                    await self._trading.execution.pass_ex_date(account, self.instrument, action)
                for settlement in settled:
                    await self._settle(account, settlement, bar)
                if await self._trading.paper.on_bar(account.id, bar, mark=mark):
                    traded.add(account.id)
                    await self._trading.execution.book(account)
            wishes = [wish for account in self._accounts for wish in await self._wishes(account, bar, prices, reached)]
            worths, acted = await self._commit(bar, wishes)
            self._ex_dates, self._settlements = self._ex_dates[len(reached) :], self._settlements[len(settled) :]
            structure = self._live.step(bar.ts_ms, prices)
            self._history.append((bar.ts_ms, bar.close_ms, prices, reached))
            for account in self._accounts:
                if account.id in acted | traded:
                    await self._trading.execution.work(account, now_ms=bar.close_ms)
        await self._trading.dispatcher.drain()
        await self._show(bar, structure, worths, began)

    async def _settle(self, account: Account, settlement: market.Settlement, bar: Bar) -> None:
        """At the mark the rate's source states, else the stored one of that moment, else the first price after it."""
        mark = settlement.mark or self._marks.at(settlement.ts_ms) or bar.open
        await self._trading.execution.settle_funding(
            account, self.instrument, rate=settlement.rate, mark=mark, ts_ms=settlement.ts_ms
        )

    async def _commit(self, bar: Bar, wishes: list["_Wish"]) -> tuple[dict[int, Worth], set[int]]:
        """(worth by account, accounts with something to send or cancel), all in one transaction."""
        worths: dict[int, Worth] = {}
        clock = self._wiring.clock
        async with self._wiring.db.write() as session:
            for account in self._accounts:
                worths[account.id] = await positions.mark(session, account, bar, clock=clock)
            for wish in wishes:
                if wish.failure is not None:
                    await sessions.fail_session(session, wish.row.id, wish.failure, clock=clock)
                    continue
                row = await session.get(TradingSession, wish.row.id)
                assert row is not None
                await sessions.follow(
                    session,
                    row,
                    wish.account,
                    wish.desired,
                    bar,
                    memory=wish.memory,
                    ceiling=self._trading.ceiling,
                    clock=clock,
                )
            self.replay = await market.advance_cursor(session, clock, self.replay, cursor_ts=bar.ts_ms)
            if self.replay.status == ReplayStatus.ENDED:
                await announce_replay(session, self.replay, clock=clock)
                for account in self._accounts:
                    await sessions.end_sessions(session, account.id, "replay_ended", clock=clock)
            # Between two bars people's own orders are served elsewhere; here only this turn's are waiting.
            acted = {wish.account.id for wish in wishes} if session.info.get("announced") else set()
        return worths, acted

    async def _wishes(self, account: Account, bar: Bar, prices: Prices, passed: list[CorporateAction]) -> list["_Wish"]:
        """What every running strategy of the account wants at this bar; a failing one is to be paused."""
        async with self._wiring.db.read() as session:
            running = await sessions.running_sessions(session, account.id)
            off = {row.id for row in running if not await catalog.is_on(session, row.strategy_key)}
        wishes = []
        for row in running:
            if row.id in off:
                wishes.append(_Wish(row, account, None, [], failure="strategy_off: This strategy is switched off."))
                continue
            try:
                wishes.append(await self._wish(row, account, bar, prices, passed))
            except AlphaLoopError as error:
                wishes.append(_Wish(row, account, None, [], failure=f"{error.code}: {error.message}"))
            except Exception:
                # A strategy is somebody's code: its failure pauses it and nothing else.
                logger.exception("strategy {} failed in session {}", row.strategy_key, row.id)
                wishes.append(_Wish(row, account, None, [], failure="strategy_failed: The log has the details."))
        ours = {wish.row.id for wish in wishes if wish.failure is None}
        for gone in [key for key, owner in self._owners.items() if owner == account.id and key not in ours]:
            await self._runners.pop(gone).close()
            del self._owners[gone]
        return wishes

    async def _wish(
        self, row: TradingSession, account: Account, bar: Bar, prices: Prices, passed: list[CorporateAction]
    ) -> "_Wish":
        runner = self._runners.get(row.id)
        if runner is None:
            runner = await self._make_runner(row)
            self._runners[row.id], self._owners[row.id] = runner, account.id
        runner.append(ts_ms=bar.ts_ms, close_ms=bar.close_ms, prices=prices, passed=passed)
        if bar.ts_ms <= row.last_bar_ts:
            return _Wish(row, account, None, list(row.memory))
        held = await self._held(account, runner, bar) if runner.manages else None
        desired = await runner.wanted(held)
        return _Wish(row, account, desired, runner.memory.tolist())

    async def _make_runner(self, row: TradingSession) -> Runner | ForeignRunner:
        """The session's strategy with its series so far; somebody's own file in a process of its own."""
        async with self._wiring.db.read() as session:
            code = await catalog.code_of(session, row.strategy_key)
        if is_own(code):
            folder = self._wiring.settings.strategies_dir
            own = ForeignRunner(
                code,
                folder,
                row.params,
                instrument=row.instrument,
                start_ts=row.start_ts,
                memory=list(row.memory),
            )
            await own.open()
            self._tell(own, row)
            return own
        return await asyncio.to_thread(self._library_runner, row, code)

    def _library_runner(self, row: TradingSession, code: str) -> Runner:
        strategy = load_strategy(code)
        memory = list(row.memory)
        runner = Runner(strategy, row.params, instrument=row.instrument, start_ts=row.start_ts, memory=memory)
        self._tell(runner, row)
        return runner

    def _tell(self, runner: Runner | ForeignRunner, row: TradingSession) -> None:
        for ts, close, prices, passed in self._history:
            if ts >= row.anchor_ts:
                runner.append(ts_ms=ts, close_ms=close, prices=prices, passed=passed)

    async def close(self) -> None:
        """Let go of what is kept outside this process."""
        for runner in self._runners.values():
            await runner.close()
        self._runners.clear()

    async def _held(self, account: Account, runner: Runner | ForeignRunner, bar: Bar) -> Held:
        """The position as `manage` sees it, from what was really filled, valued at this bar's close."""
        async with self._wiring.db.read() as session:
            row = await positions.find_position(session, account.id, self.instrument.symbol)
            worth = await positions.worth(session, account)
        opened = row.opened_ms if row is not None and row.quantity != 0 else None
        since = [entry for entry in self._history if opened is not None and entry[1] > opened]
        entry_row = len(self._history) - len(since)
        long = row is None or row.quantity >= 0
        highs, lows = [one[2][1] for one in since], [one[2][2] for one in since]
        return Held(
            0,
            float(row.quantity) if row else 0.0,
            float(row.average_price) if row else 0.0,
            entry_row if since else -1,
            (max(highs) if long else min(lows)) if since else float("nan"),
            (min(lows) if long else max(highs)) if since else float("nan"),
            float(row.realised) if row else 0.0,
            float(worth.cash) + (float(row.quantity) * float(bar.close) if row else 0.0),
            float(worth.cash),
            0,
            runner.memory,
        )

    async def _show(self, bar: Bar, structure: dict[str, Any], worths: dict[int, Worth], began: datetime) -> None:
        replay = self.replay
        await self._wiring.bus.publish(
            "market",
            {
                "user_id": replay.user_id,
                "topic": f"replay:{replay.id}",
                "channel": "bar",
                "event": "closed",
                "data": {
                    "replay_id": str(replay.id),
                    "instrument": bar.instrument,
                    "timeframe": bar.timeframe.value,
                    "bar": market.bar_row(bar),
                    "bars_done": replay.bars_done,
                    "bars_total": replay.bars_total,
                    "began_ms": to_ms(began),
                    "chan": structure,
                },
            },
        )
        now = time.monotonic()
        if now - self._equity_shown < EQUITY_EVERY_S and replay.status != ReplayStatus.ENDED:
            return
        self._equity_shown = now
        for account in self._accounts:
            worth = worths[account.id]
            await self._wiring.bus.publish(
                "market",
                {
                    "user_id": account.user_id,
                    "topic": None,
                    "channel": "equity_update",
                    "event": "marked",
                    "data": {
                        "account_id": str(account.id),
                        "equity": plain(worth.equity),
                        "cash": plain(worth.cash),
                        "market_value": plain(worth.market_value),
                        "unrealised": plain(worth.unrealised),
                        "realised": plain(worth.realised),
                        "ts": bar.ts_ms,
                    },
                },
            )


async def load_turns(trading: Trading, replay: Replay) -> ReplayTurns:
    async with trading.wiring.db.read() as session:
        instrument = await market.get_instrument(session, replay.instrument)
    turns = ReplayTurns(trading, replay, instrument)
    await turns.load()
    return turns


async def reread(trading: Trading, replay_id: int) -> Replay:
    async with trading.wiring.db.read() as session:
        return await market.get_replay(session, SYSTEM, replay_id)
