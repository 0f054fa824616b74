"""Nobody reaches what is somebody else's: every operation with every id of another person, in path, query and body."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from alphaloop.core.clock import ManualClock
from alphaloop.features.market.models import BarSeries, StoredMode
from alphaloop.features.research.factors_service import FACTOR_JOB
from alphaloop.features.signals import service as signals
from alphaloop.infra.db import Database
from alphaloop.infra.jobs.local import enqueue, get_job
from tests.builders import BTC
from tests.features.signals.conftest import intent
from tests.journeys.test_hostile_api import OPERATIONS, body_schema, filled, has_body, required_query, resolved, sample
from tests.journeys.town import Town, furnish, open_town

# Ids that belong to one person; whatever else is called an id is shared (jobs are checked apart) or an operator's.
OWNED = {"replay_id", "account_id", "session_id", "order_id", "source_id", "job_id", "signal_id", "run_id"}
OWNED |= {"backtest_id", "passport_id", "optimisation_id", "report_id", "screen_id", "key"}
# Whether there is such a strategy, its run tells: what is named here is only written down.
JUDGED_LATER = {("POST", "/strategies/{key}/backtest")}
# What an operator alone may reach is refused to a trader by permission, whoever's it is.
NOT_FOUND = {403, 404}

# What a schema alone does not say: an explanation is asked for by number, levels are names of timeframes, a map is over
# a parameter.
PLAUSIBLE = {"n": "0", "timeframe": "1d", "levels": "30m", "x": "period"}
# Where a sample of each field does not make a question.
BODIES: dict[str, dict[str, Any]] = {"ask_backtest_why": {"instrument": "BTC/USDT@binance", "ts": 0}}


@pytest.fixture
async def town(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(db, clock, tmp_path / "home") as opened:
        yield opened


async def furnished(town: Town, who: str) -> dict[str, str]:
    ids = await furnish(town, who)
    source = await town.made("POST", "/data-sources", who=who, json={"name": "mine", "type": "SAMPLES", "config": {}})
    ids["source_id"] = source["id"]
    job = await town.send("POST", f"/data-sources/{source['id']}/sync", who=who)
    assert job.status_code == 202, job.text
    ids["job_id"] = job.json()["id"]
    async with town.wiring.db.write() as session:
        await session.execute(update(BarSeries).values(adjustment=StoredMode.RAW))
    asked = {"strategy": "reversion/bollinger", "instruments": [BTC.symbol], "timeframe": "30m"}
    for name, path in (
        ("backtest_id", "/backtest/run"),
        ("passport_id", "/backtest/passports"),
        ("optimisation_id", "/optimisations"),
    ):
        ids[name] = await queued(town, who, path, asked)
    async with town.wiring.db.write() as session:
        person = (await get_job(session, int(ids["job_id"]), owner_id=None)).owner_id
        ids["report_id"] = str(await enqueue(session, town.wiring.clock, FACTOR_JOB, {}, owner_id=person))
    strategy = await town.made("POST", "/strategies", who=who, json={"base": "chan/multi_level", "name": f"of {who}"})
    ids["key"] = strategy["id"]
    run = {"account_id": ids["account_id"], "instruments": [BTC.symbol], "timeframe": "30m"}
    ids["run_id"] = await queued(town, who, f"/strategies/{ids['key']}/run", run)
    ids["signal_id"] = await fired(town, ids)
    return ids


async def queued(town: Town, who: str, path: str, asked: dict[str, Any]) -> str:
    answer = await town.send("POST", path, who=who, json=asked)
    assert answer.status_code == 202, f"{path}: {answer.text}"
    return str(answer.json()["id"])


async def fired(town: Town, ids: dict[str, str]) -> str:
    """The signal that a person's run brought, as its job keeps it."""
    wiring = town.wiring
    async with wiring.db.write() as session:
        [signal] = await signals.keep_signals(session, int(ids["run_id"]), [intent()], clock=wiring.clock)
    return str(signal.id)


async def test_another_persons_ids_lead_nowhere(town: Town) -> None:
    theirs, mine = await furnished(town, "anna"), await furnished(town, "bert")
    before = await town.rows()
    tried = 0
    for method, path, operation in OPERATIONS:
        places = {one["name"] for one in operation.get("parameters", []) if one["in"] == "path"} & OWNED
        queries = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"} & OWNED
        body: dict[str, Any] | None = sample(body_schema(operation)) if has_body(operation) else None
        fields = set(body_schema(operation).get("properties", {})) & OWNED if body is not None else set()
        if (method, path) in JUDGED_LATER:
            continue
        for kind, names in (("path", places), ("query", queries), ("body", fields)):
            for name in names & theirs.keys():
                address = filled(path, theirs if kind == "path" else mine)
                query = required_query(operation)
                query |= {one: mine[one] for one in query if one in mine}
                asked = {one["name"] for one in operation.get("parameters", [])}
                query |= {one: value for one, value in PLAUSIBLE.items() if one in asked}
                if kind == "query":
                    query[name] = theirs[name]
                sent = None if body is None else sensible(operation, {**body})
                if kind == "body":
                    assert sent is not None
                    sent[name] = theirs[name]
                what = f"{method} {path} {kind} {name}"
                answer = await town.send(method, address, who="bert", params=query, json=sent)
                nothing = kind == "query" and answer.status_code == 200 and answer.json().get("items") == []
                assert nothing or answer.status_code in NOT_FOUND, f"{what}: {answer.status_code} {answer.text[:300]}"
                missing = {**mine, **theirs, name: "987654321"}
                address = filled(path, missing if kind == "path" else mine)
                query = {**query, name: missing[name]} if kind == "query" else query
                sent = {**sent, name: missing[name]} if kind == "body" and sent is not None else sent
                other = await town.send(method, address, who="bert", params=query, json=sent)
                assert said(other) == said(answer), f"{what}: an id that exists looks different from one that does not"
                tried += 1
    assert tried >= 60
    assert await town.rows() == before


def said(answer: Any) -> tuple[int, Any]:
    return answer.status_code, {key: value for key, value in answer.json().items() if key != "request_id"}


def sensible(operation: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    """The sample with real words where only those get past the form, so that the owner is what is looked at."""
    known = {
        "instrument": "BTC/USDT@binance",
        "symbol": "BTC/USDT@binance",
        "timeframe": "30m",
        "strategy": "reversion/bollinger",
        "type": "MARKET",
    }
    fields = body_schema(operation).get("properties", {})
    for name, value in known.items():
        if name in body and ("enum" not in resolved(fields[name]) or value in resolved(fields[name])["enum"]):
            body[name] = value
    if operation["operationId"] in BODIES:
        return dict(BODIES[operation["operationId"]])
    return body


async def test_lists_show_only_what_is_ones_own(town: Town) -> None:
    theirs = await furnished(town, "anna")
    for method, path, operation in OPERATIONS:
        if method != "GET" or "{" in path or required_query(operation):
            continue
        answer = await town.send("GET", path, who="bert")
        if answer.status_code != 200 or "items" not in answer.json():
            continue
        for item in answer.json()["items"]:
            text = json.dumps(item)
            assert item.get("account_id") != theirs["account_id"], f"{path}: {text}"
            assert item.get("user_id") in (None, "2"), f"{path}: {text}"


async def test_a_trader_cannot_do_what_operators_do(town: Town) -> None:
    refused = {
        ("GET", "/users"): None,
        ("PUT", "/users/1/status"): {"status": "DISABLED"},
        ("PUT", "/users/2/roles"): {"roles": ["admin"]},
        ("POST", "/roles"): {"name": "mighty", "permissions": ["user.manage"]},
        ("POST", "/risk/halt?platform=true"): {"on": True},
    }
    for (method, path), body in refused.items():
        answer = await town.send(method, path, who="bert", json=body)
        assert answer.status_code == 403, f"{method} {path}: {answer.status_code} {answer.text}"
        assert answer.json()["code"] == "permission_missing"


async def test_a_refused_order_leaves_its_log_its_audit_row_and_nothing_else(town: Town) -> None:
    mine = await furnish(town, "bert")
    before = await town.rows()
    body = {
        "account_id": mine["account_id"],
        "instrument": "BTC/USDT@binance",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "900",
    }
    answer = await town.send("POST", "/trading/orders", who="bert", json=body)
    assert (answer.status_code, answer.json()["code"]) == (409, "risk_single_order_pct")
    (log,) = (await town.made("GET", "/risk/logs", who="bert"))["items"]
    assert (log["rule_type"], log["account_id"]) == ("single_order_pct", mine["account_id"])
    assert (await town.made("GET", "/risk/logs", who="anna"))["items"] == []
    assert await town.rows() == before


async def test_the_same_key_over_http_returns_the_same_order_and_status(town: Town) -> None:
    mine = await furnish(town, "bert")
    body = {
        "account_id": mine["account_id"],
        "instrument": "BTC/USDT@binance",
        "side": "BUY",
        "type": "LIMIT",
        "quantity": "1",
        "price": "90",
    }
    headers = {"Idempotency-Key": "k-1"}
    first = await town.send("POST", "/trading/orders", who="bert", json=body, headers=headers)
    again = await town.send("POST", "/trading/orders", who="bert", json=body, headers=headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    other = await town.send("POST", "/trading/orders", who="bert", json={**body, "quantity": "2"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
