"""What must be true before the first request: newest tables, built-in roles, the administrator of the settings."""

from alphaloop.entrypoints.migrate import is_current, upgrade_async
from alphaloop.features.users import service as users
from alphaloop.infra.http.doors import Wiring
from alphaloop.infra.security import Passwords


async def prepare(wiring: Wiring) -> None:
    """Bring the database up to date; safe to run by several processes one after another."""
    if not await is_current(wiring.db):
        await upgrade_async(wiring.settings.database_url)
    async with wiring.db.write() as session:
        await users.ensure_roles(session)
        await users.ensure_admin(session, wiring.settings, wiring.clock, wiring.part(Passwords))
