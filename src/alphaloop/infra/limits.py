"""How often somebody may ask: sliding windows per address, per account and per user, each with its own limit.

Counts live in this process, or in Redis when configured; a Redis that is away falls back to this process, so that
losing it never opens the door to guessing.
"""

from collections.abc import Mapping

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from loguru import logger

from alphaloop.core.errors import TooManyError


def per_minutes(amount: int, minutes: int = 1) -> RateLimitItem:
    """`amount` events in any `minutes` minutes."""
    return RateLimitItemPerMinute(amount, minutes)


LIMITS: dict[str, RateLimitItem] = {
    # Guesses against one account, wherever they come from, and guesses from one address against any account.
    "login_account": per_minutes(10, 5),
    "login_peer": per_minutes(100, 5),
    "register_peer": per_minutes(20, 60),
    "refresh_peer": per_minutes(240),
    "ticket_user": per_minutes(240),
    "password_user": per_minutes(10, 5),
    "api_peer": per_minutes(12_000),
    "api_user": per_minutes(6_000),
    "webhook_peer": per_minutes(600),
}


class RateLimits:
    """Counts hits by (limit name, key). `limits` replaces single entries of LIMITS."""

    def __init__(self, redis_url: str = "", *, limits: Mapping[str, RateLimitItem] | None = None) -> None:
        self._limits = {**LIMITS, **(limits or {})}
        self._near = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared: SlidingWindowCounterRateLimiter | None = None
        if redis_url:
            storage: Storage = RedisStorage(
                f"async+{redis_url}", wrap_exceptions=True, implementation="redispy", key_prefix="alphaloop:limits"
            )
            self._shared = SlidingWindowCounterRateLimiter(storage)

    async def hit(self, name: str, key: str) -> None:
        """Count one event, or TooManyError that says when to come back. Unknown limit names are a KeyError."""
        limit = self._limits[name]
        if self._shared is not None:
            try:
                if await self._shared.hit(limit, name, key):
                    return
                raise _too_many(limit)
            except StorageError:
                logger.warning("rate limits lost Redis; counting in this process")
        if not await self._near.hit(limit, name, key):
            raise _too_many(limit)

    async def forget(self, name: str, key: str) -> None:
        """Start over for this key: somebody has just proved who they are."""
        await self._near.clear(self._limits[name], name, key)
        if self._shared is not None:
            try:
                await self._shared.clear(self._limits[name], name, key)
            except StorageError:
                logger.warning("rate limits lost Redis; counting in this process")


def _too_many(limit: RateLimitItem) -> TooManyError:
    # In a sliding window room comes back bit by bit; half a window is when a steady caller has it again.
    wait_s = max(1, limit.get_expiry() // 2)
    return TooManyError(f"Too many tries; wait {wait_s} seconds.", retry_after_s=wait_s)
