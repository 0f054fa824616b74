"""With a broker the rooms' jobs go to Celery, and what needs the trading floor stays with the platform's own worker."""

from pathlib import Path

import pytest

from alphaloop.entrypoints import celery_worker, rooms
from alphaloop.entrypoints.ex_dates import EX_DATE_JOB
from alphaloop.entrypoints.web import make_wiring
from alphaloop.entrypoints.worker import Worker
from alphaloop.features.optimisation.service import OPTIMISATION_JOB
from alphaloop.infra.settings import Settings, SettingsError


def settings(home: Path, broker: str) -> Settings:
    return Settings.model_validate({"ALPHALOOP_HOME": str(home), "CELERY_BROKER_URL": broker})


async def test_every_job_is_served_by_one_kind_of_worker_and_no_other(tmp_path: Path) -> None:
    wiring = make_wiring(settings(tmp_path, "redis://127.0.0.1:1/1"))
    own, other = Worker(wiring), celery_worker.make_worker(wiring)
    everything = {EX_DATE_JOB, *rooms.job_handlers()}
    assert own._sender is not None
    assert set(own._sender._kinds) == set(other._handlers) == everything - {EX_DATE_JOB}
    assert set(own._jobs._handlers) == {EX_DATE_JOB}
    alone = Worker(make_wiring(settings(tmp_path, "")))
    assert alone._sender is None
    assert set(alone._jobs._handlers) == everything
    await wiring.db.close()


def test_what_may_take_hours_has_a_lane_of_its_own() -> None:
    assert OPTIMISATION_JOB in rooms.long_kinds() <= set(rooms.job_handlers())


def test_a_celery_worker_needs_a_broker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    with pytest.raises(SettingsError, match="CELERY_BROKER_URL"):
        celery_worker.run(1)


def test_only_redis_hands_out_jobs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="redis"):
        settings(tmp_path, "amqp://host")
