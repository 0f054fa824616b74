"""What this room keeps for the life of a process: counters of tries, the signer of tokens, the way in."""

from dataclasses import dataclass
from datetime import timedelta

from alphaloop.features.users.service.entrance import Entrance
from alphaloop.features.users.service.logins import Mint
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.limits import RateLimits
from alphaloop.infra.security import Passwords, Tokens


@dataclass(frozen=True, slots=True)
class UserParts:
    limits: RateLimits
    mint: Mint
    entrance: Entrance


def parts_of(wiring: Wiring) -> UserParts:
    """The one UserParts of this wiring, made at first use from its Tokens and Passwords (and RateLimits, if wired)."""
    made: UserParts | None = wiring.parts.get(UserParts)
    if made is None:
        made = wiring.parts[UserParts] = _make(wiring)
    return made


def _make(wiring: Wiring) -> UserParts:
    settings = wiring.settings
    limits = wiring.parts.get(RateLimits) or RateLimits(settings.redis_url)
    mint = Mint(
        wiring.part(Tokens),
        access_ttl=timedelta(minutes=settings.access_token_minutes),
        refresh_ttl=timedelta(days=settings.jwt_expire_days),
    )
    entrance = Entrance(
        db=wiring.db,
        clock=wiring.clock,
        settings=settings,
        mint=mint,
        passwords=wiring.part(Passwords),
        limits=limits,
    )
    return UserParts(limits=limits, mint=mint, entrance=entrance)
