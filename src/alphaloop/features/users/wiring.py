"""Makes the objects of this room once, for the entrypoint to keep in `Wiring.parts`."""

from datetime import timedelta
from typing import Any

from alphaloop.core.clock import Clock
from alphaloop.features.users.admission import Authenticator, TicketOffice
from alphaloop.features.users.entrance import Entrance
from alphaloop.features.users.service import Mint
from alphaloop.infra.db import Database
from alphaloop.infra.limits import RateLimits
from alphaloop.infra.security import Passwords, Tokens, secret_or_made
from alphaloop.infra.settings import Settings


def user_parts(
    settings: Settings,
    db: Database,
    clock: Clock,
    *,
    limits: RateLimits | None = None,
    passwords: Passwords | None = None,
) -> dict[type[Any], Any]:
    """RateLimits, Passwords, Mint, Entrance, Authenticator and TicketOffice, each under its own type."""
    limits = limits or RateLimits(settings.redis_url)
    passwords = passwords or Passwords()
    secret = secret_or_made(settings.jwt_secret.get_secret_value(), settings.home)
    mint = Mint(
        Tokens(secret, clock, algorithm=settings.jwt_algorithm),
        access_ttl=timedelta(minutes=settings.access_token_minutes),
        refresh_ttl=timedelta(days=settings.jwt_expire_days),
    )
    return {
        RateLimits: limits,
        Passwords: passwords,
        Mint: mint,
        Entrance: Entrance(db=db, clock=clock, settings=settings, mint=mint, passwords=passwords, limits=limits),
        Authenticator: Authenticator(db=db, settings=settings, mint=mint, limits=limits),
        TicketOffice: TicketOffice(settings=settings, clock=clock, limits=limits),
    }
