"""A strategy's row and its file, put together for the page."""

from alphaloop.features.catalog.models import StrategyRow
from alphaloop.features.catalog.schemas import (
    Label,
    RiskProfile,
    RunTarget,
    ScheduleView,
    StrategyFace,
    StrategyView,
)
from alphaloop.infra.identity import Actor


def view_of(row: StrategyRow, face: StrategyFace, actor: Actor) -> StrategyView:
    """The strategy as this person sees it."""
    told = face.model_dump() | {"key": row.key}
    if row.base_key is not None:
        from alphaloop.engine.strategy import CATEGORIES

        told |= {
            "label": Label(zh=row.name, en=row.name),
            "summary": Label(zh=row.description, en=row.description),
            "category": row.category,
            "category_label": Label(**CATEGORIES[row.category]),
        }
    return StrategyView(
        **told,
        id=row.id,
        name=row.name,
        description=row.description,
        enabled=row.enabled,
        is_builtin=row.is_builtin,
        source_kind=row.source_kind,
        is_mine=row.creator_id == actor.user_id and row.creator_id is not None,
        base_key=row.base_key,
        default_params=row.default_params,
        current_params=row.params,
        version=row.version,
        signal_sources=row.signal_sources,
        risk_profile=RiskProfile.model_validate(row.risk_profile),
        schedule=_schedule(row) if row.schedule_owner_id == actor.user_id else None,
        auto_execute=row.auto_execute,
        win_rate=row.win_rate,
        sharpe_ratio=row.sharpe_ratio,
        total_signals=row.total_signals,
        last_run_at_ms=row.last_run_at,
        created_at_ms=row.created_at,
        updated_at_ms=row.updated_at,
    )


def _schedule(row: StrategyRow) -> ScheduleView | None:
    if row.schedule_from is None:
        return None
    return ScheduleView(
        cron=row.run_schedule,
        zone=row.schedule_zone or "UTC",
        calendar=row.schedule_calendar,
        after_close_min=row.after_close_min,
        target=RunTarget.model_validate(row.run_target),
        served_until_ms=row.schedule_from,
    )
