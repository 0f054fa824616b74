"""One holder at a time across processes: a lease with a fencing token that only ever grows."""

from datetime import datetime, timedelta

from sqlalchemy import String, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model
from alphaloop.infra.db import ReadSession, WriteSession


class Lease(Model):
    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    token: Mapped[int] = mapped_column(Key)
    expires_at: Mapped[datetime]


async def take_lease(session: WriteSession, name: str, holder: str, *, now: datetime, ttl_s: float) -> int | None:
    """Take or renew the lease; returns its fencing token, or None while somebody else holds it.

    Renewing keeps the token; a new holder gets a larger one, so that work of an old holder can be told apart.
    """
    until = now + timedelta(seconds=ttl_s)
    renewed = await session.execute(
        update(Lease).where(Lease.name == name, Lease.holder == holder, Lease.expires_at > now).values(expires_at=until)
    )
    if getattr(renewed, "rowcount", 0) == 0:
        taken = await session.execute(
            update(Lease)
            .where(Lease.name == name, Lease.expires_at <= now)
            .values(holder=holder, token=Lease.token + 1, expires_at=until)
        )
        if getattr(taken, "rowcount", 0) == 0:
            try:
                async with session.begin_nested():
                    await session.execute(insert(Lease).values(name=name, holder=holder, token=1, expires_at=until))
            except IntegrityError:
                return None
    return await session.scalar(select(Lease.token).where(Lease.name == name, Lease.holder == holder))


async def holds_lease(session: ReadSession, name: str, *, token: int, now: datetime) -> bool:
    """Whether that fencing token is still the current, unexpired one; ask inside the transaction that acts on it."""
    return (
        await session.scalar(
            select(Lease.token).where(Lease.name == name, Lease.token == token, Lease.expires_at > now)
        )
        is not None
    )


async def release_lease(session: WriteSession, name: str, holder: str, *, now: datetime) -> None:
    await session.execute(update(Lease).where(Lease.name == name, Lease.holder == holder).values(expires_at=now))
