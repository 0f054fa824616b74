"""Searches for better parameters, and what each trial showed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from alphaloop.infra.columns import Key, Model


class OptimisationRow(Model):
    """One search. `asked` is the question as it was put, with the budget as it was last set; `layout` is what the run
    made of it (axes, rows seen and held out); `best` the best trial so far; `verdict` what it was worth in the end."""

    __tablename__ = "optimisations"

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    user_id: Mapped[int] = mapped_column(Key, ForeignKey("users.id"), index=True)
    job_id: Mapped[int] = mapped_column(Key, unique=True)
    strategy: Mapped[str] = mapped_column(String(96))
    asked: Mapped[dict[str, Any]]
    layout: Mapped[dict[str, Any] | None]
    trials_done: Mapped[int] = mapped_column(default=0)
    best: Mapped[dict[str, Any] | None]
    verdict: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class OptimisationTrial(Model):
    """One point that was run. `figure` is the sought metric (None: it cannot be told), `fit` whether every condition
    holds."""

    __tablename__ = "optimisation_trials"
    __table_args__ = (
        UniqueConstraint("optimisation_id", "number"),
        Index("ix_optimisation_trials_best", "optimisation_id", "fit", "figure"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=True)
    optimisation_id: Mapped[int] = mapped_column(Key, ForeignKey("optimisations.id"))
    number: Mapped[int]
    point: Mapped[dict[str, Any]]
    metrics: Mapped[dict[str, Any] | None]
    error: Mapped[str] = mapped_column(String(300), default="")
    figure: Mapped[float | None]
    fit: Mapped[bool]
