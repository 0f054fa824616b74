"""Data sources: adding, changing, testing and switching them while the platform runs."""

import asyncio
from dataclasses import dataclass
from typing import Any

from alphaloop.adapters.feeds import contract, parse_proxy
from alphaloop.adapters.feeds.contract import Feed, FeedDescription, Places, TestResult
from alphaloop.core.clock import Clock, to_ms
from alphaloop.core.errors import ConflictError, InvalidError, NotFoundError
from alphaloop.core.events import Event
from alphaloop.core.plugins import load_plugin, plugin_keys
from alphaloop.features.audit import service as audit
from alphaloop.features.market import events, repository, rules
from alphaloop.features.market.models import DataSource, SourceStatus
from alphaloop.infra.db import ReadSession, WriteSession
from alphaloop.infra.identity import Actor
from alphaloop.infra.jobs.local import enqueue
from alphaloop.infra.outbox import announce
from alphaloop.infra.settings import Settings
from alphaloop.infra.vault import Vault

SYNC_JOB = "market.sync_source"
SEE_ALL = "platform.manage"
MAX_SOURCES = 100


@dataclass(frozen=True, slots=True)
class OpenSource:
    """A source with its feed and its settings in clear: lives in memory only, and never leaves the process."""

    source: DataSource
    feed: Feed
    config: dict[str, Any]


def places_of(settings: Settings) -> Places:
    """The folders feeds may read here: the operator's data folder, and `data/files` in the home folder."""
    own = settings.home / "data" / "files"
    return Places(roots=(settings.data_dir, own) if settings.data_dir is not None else (own,))


def list_types() -> list[FeedDescription]:
    """Every kind of source a person may add, by its file in `adapters/feeds`."""
    found = (_load(key, Places()).describe() for key in plugin_keys(contract.PACKAGE))
    return [description for description in found if description.creatable]


def find_feed(kind: str, places: Places) -> Feed:
    """The feed of that type, or InvalidError 'unknown_source_type'."""
    if kind.lower() not in plugin_keys(contract.PACKAGE):
        raise InvalidError(
            "There is no data source of this type.",
            code="unknown_source_type",
            fields=(("type", "unknown_source_type"),),
        )
    return _load(kind.lower(), places)


def describe_type(kind: str) -> FeedDescription:
    """How the feed of that type presents itself, or InvalidError 'unknown_source_type'."""
    return find_feed(kind, Places()).describe()


def _load(key: str, places: Places) -> Feed:
    feed: Feed = load_plugin(contract.PACKAGE, key).make_feed(places)
    return feed


async def list_sources(
    session: ReadSession, actor: Actor, *, after_id: int | None = None, limit: int = 50
) -> list[tuple[DataSource, int]]:
    """A person's sources, or everybody's for an administrator, each with the number of its series."""
    actor.require("market.read")
    owner = None if actor.allows(SEE_ALL) else actor.person
    rows = await repository.sources_page(session, user_id=owner, after_id=after_id, limit=limit)
    counts = await repository.series_counts(session, [row.id for row in rows])
    return [(row, counts.get(row.id, 0)) for row in rows]


async def get_source(session: ReadSession, actor: Actor, source_id: int) -> DataSource:
    """The source, if this actor may see it; otherwise the same NotFoundError as for one that does not exist."""
    row = await session.get(DataSource, source_id)
    if row is None or not (actor.allows(SEE_ALL) or row.user_id == actor.user_id):
        raise NotFoundError("There is no such data source.", code="data_source_not_found")
    return row


async def count_series(session: ReadSession, source: DataSource) -> int:
    return (await repository.series_counts(session, [source.id])).get(source.id, 0)


async def add_source(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    vault: Vault,
    *,
    name: str,
    kind: str,
    config: dict[str, Any],
) -> DataSource:
    """Add a source, switched on; whether it answers is a question of its own (`test`)."""
    actor.require("data_source.manage")
    description = _creatable(kind)
    _acceptable(description, actor, config)
    if (
        len(await repository.sources_page(session, user_id=actor.person, after_id=None, limit=MAX_SOURCES))
        >= MAX_SOURCES
    ):
        raise ConflictError("You have as many data sources as fit.", code="too_many_sources")
    source = DataSource(
        user_id=actor.person,
        name=name,
        type=description.type,
        config_json={},
        status=SourceStatus.ON,
        created_at=clock.now(),
    )
    session.add(source)
    await session.flush()
    source.config_json = rules.seal_config(description, config, vault, source_id=source.id)
    await _written_down(session, actor, clock, source, action="market.add_source", before=None)
    return source


async def change_source(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    vault: Vault,
    source_id: int,
    *,
    name: str | None,
    config: dict[str, Any] | None,
) -> DataSource:
    """Change name or settings. A secret that is left out, or sent back as shown, stays what it was."""
    actor.require("data_source.manage")
    source = await get_source(session, actor, source_id)
    description = _creatable(source.type)
    before = _plain(source)
    if name is not None:
        source.name = name
    if config is not None:
        kept = {key: value for key, value in source.config_json.items() if key in description.secrets}
        given = {key: value for key, value in config.items() if not (key in kept and value == "••••")}
        _acceptable(description, actor, given)
        source.config_json = kept | rules.seal_config(description, given, vault, source_id=source.id)
    await _written_down(session, actor, clock, source, action="market.change_source", before=before)
    return source


async def remove_source(session: WriteSession, actor: Actor, clock: Clock, source_id: int) -> None:
    """Remove a source; the bars it brought stay, because sessions and replays may stand on them."""
    actor.require("data_source.manage")
    source = await get_source(session, actor, source_id)
    await _written_down(session, actor, clock, source, action="market.remove_source", before=_plain(source))
    await repository.release_series(session, source.id)
    await repository.delete_source(session, source.id)


async def use_source(session: WriteSession, actor: Actor, clock: Clock, source_id: int, *, on: bool) -> DataSource:
    """Switch a source on or off. While it is off it is not synced and its series are not offered."""
    actor.require("data_source.manage")
    source = await get_source(session, actor, source_id)
    before = _plain(source)
    if on and source.status == SourceStatus.OFF:
        source.status = SourceStatus.FAILED if source.last_error else SourceStatus.ON
    elif not on:
        source.status = SourceStatus.OFF
    await _written_down(session, actor, clock, source, action="market.switch_source", before=before)
    return source


async def open_source(
    session: ReadSession, actor: Actor, settings: Settings, vault: Vault, source_id: int
) -> OpenSource:
    """A source ready to be asked; needs the right to manage sources."""
    actor.require("data_source.manage")
    source = await get_source(session, actor, source_id)
    feed = find_feed(source.type, places_of(settings))
    return OpenSource(source, feed, rules.open_config(feed.describe(), source.config_json, vault, source_id=source.id))


async def probe_source(opened: OpenSource) -> TestResult:
    """Ask a source whether it answers; holds no transaction meanwhile."""
    return await asyncio.to_thread(opened.feed.test, opened.config)


async def note_answer(
    session: WriteSession, actor: Actor, clock: Clock, source_id: int, *, ok: bool, code: str, message: str
) -> DataSource:
    """Remember whether the source answered, so that its page can say so."""
    source = await get_source(session, actor, source_id)
    before, plain_before = source.status, _plain(source)
    if ok:
        source.last_error = None
        source.status = SourceStatus.ON if before == SourceStatus.FAILED else before
    else:
        source.last_error = {"code": code, "message": message, "at": to_ms(clock.now())}
        source.status = SourceStatus.FAILED if before == SourceStatus.ON else before
    if source.status != before:
        await _written_down(session, actor, clock, source, action="market.note_source_answer", before=plain_before)
    return source


async def request_sync(session: WriteSession, actor: Actor, clock: Clock, source_id: int) -> int:
    """Queue the job that brings a source's bars in; its id. ConflictError while the source is off."""
    actor.require("data_source.manage")
    source = await get_source(session, actor, source_id)
    if source.status == SourceStatus.OFF:
        raise ConflictError("The data source is off; switch it on first.", code="data_source_off")
    job_id = await enqueue(session, clock, SYNC_JOB, {"source_id": str(source.id)}, owner_id=source.user_id)
    assert job_id is not None  # only jobs of a period can exist already
    await audit.record(
        session, actor, clock=clock, action="market.sync_source", resource_type="data_source", resource_id=source.id
    )
    return job_id


_NAMES = {"zh": ("内置样例", "本地文件"), "en": ("Built-in samples", "Local files")}


async def ensure_samples(
    session: WriteSession, actor: Actor, clock: Clock, settings: Settings, vault: Vault, *, locale: str = "zh-CN"
) -> list[int]:
    """Where no source exists yet, add the built-in samples and, where the operator names a data folder, its files;
    returns the jobs that bring their bars in. The folder comes first, because its bars are the ones wanted."""
    if await repository.sources_page(session, user_id=None, after_id=None, limit=1):
        return []
    names = _NAMES["en" if locale == "en" else "zh"]
    wanted = [("SAMPLES", names[0])]
    if settings.data_dir is not None:
        wanted.insert(0, ("FILES", names[1]))
    jobs = []
    for kind, name in wanted:
        source = await add_source(session, actor, clock, vault, name=name, kind=kind, config={})
        jobs.append(await request_sync(session, actor, clock, source.id))
    return jobs


def _acceptable(description: FeedDescription, actor: Actor, config: dict[str, Any]) -> None:
    rules.check_config(description.config_schema, config)
    rules.check_operator(description, config, operator=actor.allows(SEE_ALL))
    parse_proxy(str(config.get("proxy", "")))


def _creatable(kind: str) -> FeedDescription:
    description = find_feed(kind, Places()).describe()
    if description.type != kind or not description.creatable:
        raise InvalidError(
            "There is no data source of this type.",
            code="unknown_source_type",
            fields=(("type", "unknown_source_type"),),
        )
    return description


async def _written_down(
    session: WriteSession,
    actor: Actor,
    clock: Clock,
    source: DataSource,
    *,
    action: str,
    before: dict[str, Any] | None,
) -> None:
    await audit.record(
        session,
        actor,
        clock=clock,
        action=action,
        resource_type="data_source",
        resource_id=source.id,
        before=before,
        after=_plain(source),
    )
    await announce(session, _changed(source), at=clock.now())


def _plain(source: DataSource) -> dict[str, Any]:
    return {"name": source.name, "type": source.type, "status": source.status, "settings": sorted(source.config_json)}


def _changed(source: DataSource) -> Event:
    return Event(events.SOURCE_CHANGED, {"source_id": str(source.id), "status": source.status}, source.user_id)
