"""The money of an account that no trade explains, for people to read."""

from enum import StrEnum

from sqlalchemy import select

from alphaloop.features.positions.models import CashFlow
from alphaloop.infra.db import ReadSession


class FlowKind(StrEnum):
    """FUNDING of a perpetual; EX_DATE: cash of a dividend."""

    FUNDING = "FUNDING"
    EX_DATE = "EX_DATE"


async def list_cash_flows(
    session: ReadSession, account_id: int, *, before_id: int | None = None, limit: int = 50
) -> list[CashFlow]:
    """An account's cash flows, newest first."""
    query = select(CashFlow).where(CashFlow.account_id == account_id).order_by(CashFlow.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(CashFlow.id < before_id)
    return list(await session.scalars(query))
