"""Rate limits: each name and key counts for itself, and a lost Redis does not open the door."""

import pytest

from alphaloop.core.errors import TooManyError
from alphaloop.infra.limits import LIMITS, RateLimits, per_minutes


async def tries(limits: RateLimits, name: str, key: str, count: int) -> int:
    """How many of `count` hits were let through; every other one must say when to come back."""
    refusals: list[TooManyError] = []
    for _ in range(count):
        try:
            await limits.hit(name, key)
        except TooManyError as refused:
            refusals.append(refused)
    assert all(refused.retry_after_s >= 1 and refused.retryable for refused in refusals)
    return count - len(refusals)


async def test_what_is_over_the_limit_is_refused_and_says_when_to_come_back() -> None:
    limits = RateLimits(limits={"login_peer": per_minutes(5, 5)})
    assert await tries(limits, "login_peer", "192.0.2.1", 9) == 5


async def test_names_and_keys_count_apart() -> None:
    limits = RateLimits(limits={"login_peer": per_minutes(2), "login_account": per_minutes(2)})
    assert await tries(limits, "login_peer", "a", 3) == 2
    assert await tries(limits, "login_peer", "b", 3) == 2
    assert await tries(limits, "login_account", "a", 3) == 2


async def test_forgetting_starts_over() -> None:
    limits = RateLimits(limits={"login_account": per_minutes(2)})
    assert await tries(limits, "login_account", "anna", 3) == 2
    assert await tries(limits, "login_account", "bert", 1) == 1
    await limits.forget("login_account", "anna")
    assert await tries(limits, "login_account", "anna", 3) == 2
    assert await tries(limits, "login_account", "bert", 3) == 1


async def test_a_limit_nobody_stated_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        await RateLimits().hit("no such limit", "a")


async def test_a_redis_that_is_away_leaves_the_limit_in_force() -> None:
    limits = RateLimits("redis://127.0.0.1:1/0", limits={"login_peer": per_minutes(3)})
    assert await tries(limits, "login_peer", "a", 5) == 3
    await limits.forget("login_peer", "a")
    assert await tries(limits, "login_peer", "a", 1) == 1


def test_guessing_passwords_is_slower_than_anything_else() -> None:
    def per_second(name: str) -> float:
        return LIMITS[name].amount / LIMITS[name].get_expiry()

    assert per_second("login_account") <= min(per_second(name) for name in LIMITS if name not in ("register_peer",))
