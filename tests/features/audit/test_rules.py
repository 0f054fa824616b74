"""What an audit row may hold, and that its hash covers every column."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.order import OrderSide
from alphaloop.features.audit.rules import (
    CONTENT_COLUMNS,
    GENESIS,
    MASK,
    canonical,
    chained_hash,
    masked,
    masked_text,
)

CANARY = "canary-4fd1c3"
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "new_password",
        "passphrase",
        "token",
        "refresh_token",
        "access_token",
        "secret",
        "api_key",
        "apiKey",
        "API_SECRET",
        "private_key",
        "key",
        "Authorization",
        "cookie",
        "password_hash",
        "ticket",
        "id_card",
        "phone",
        "otp",
        "credentials",
    ],
)
def test_a_secret_is_masked_under_each_of_its_names(name: str) -> None:
    for value in (CANARY, [CANARY], {"inner": CANARY}, 4711):
        assert masked({"order": {name: value}}) == {"order": {name: MASK}}


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer canary-4fd1c3",
        "password=canary-4fd1c3",
        "api_key: canary-4fd1c3",
        "$argon2id$v=19$m=65536,t=3,p=4$canary-4fd1c3$abc",
        "$2b$12$canary-4fd1c3",
        "eyJhbGciOiJI.canary-4fd1c3.x",
    ],
)
def test_a_secret_inside_a_text_is_masked(text: str) -> None:
    assert CANARY not in masked_text(text)
    assert CANARY not in json.dumps(masked({"note": text}))


def test_what_is_no_secret_stays_readable() -> None:
    row = {"strategy": "chan/multi_level", "side": OrderSide.BUY, "quantity": Decimal("1E+3"), "ok": True, "n": None}
    assert masked(row) == {
        "strategy": "chan/multi_level",
        "side": "BUY",
        "quantity": "1000",
        "ok": True,
        "n": None,
    }


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.decimals(allow_nan=True)
    | st.datetimes(timezones=st.just(UTC))
    | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(json_values)
def test_anything_becomes_json_that_every_database_takes(value: Any) -> None:
    text = json.dumps(masked(value), allow_nan=False)
    assert "\\u0000" not in text
    json.dumps(masked(value), ensure_ascii=False).encode("utf-8")
    assert json.loads(text) == masked(value)


def test_an_endless_value_is_cut() -> None:
    deep: list[Any] = []
    for _ in range(100):
        deep = [deep]
    assert len(json.dumps(masked(deep))) < 100
    assert len(masked({str(n): n for n in range(10_000)})) == 200
    assert len(masked("x" * 100_000)) == 1000


ROW: dict[str, Any] = {
    "id": 7,
    "at": AT,
    "user_id": 1,
    "account_id": 2,
    "actor_type": "USER",
    "action": "orders.order_placed",
    "resource_type": "order",
    "resource_id": "9",
    "before": None,
    "after": {"a": 1, "b": [1, 2]},
    "details": {},
    "result": "OK",
    "ip_address": "127.0.0.1",
    "user_agent": "x",
    "request_id": "r",
}


def test_the_hash_covers_every_column() -> None:
    assert set(ROW) == set(CONTENT_COLUMNS)
    sealed = canonical(ROW, sealed_at=AT, seal_no=1)
    for name, value in ROW.items():
        other = AT + timedelta(microseconds=1) if name == "at" else [value, "changed"]
        assert canonical({**ROW, name: other}, sealed_at=AT, seal_no=1) != sealed, name
    assert canonical(ROW, sealed_at=AT + timedelta(microseconds=1), seal_no=1) != sealed
    assert canonical(ROW, sealed_at=AT, seal_no=2) != sealed
    assert chained_hash(GENESIS, sealed) != chained_hash("1" * 64, sealed)


def test_the_hash_does_not_depend_on_the_order_of_keys() -> None:
    turned = {**dict(reversed(ROW.items())), "after": {"b": [1, 2], "a": 1}}
    assert canonical(turned, sealed_at=AT, seal_no=1) == canonical(ROW, sealed_at=AT, seal_no=1)


def test_the_hash_of_a_row_is_what_it_was() -> None:
    # Written down once: a change here would make every chain ever sealed look broken.
    made = chained_hash(GENESIS, canonical(ROW, sealed_at=AT, seal_no=1))
    assert made == "d9481fbc8ae7a61f35a1e62879a734f38ba5c2092f8981e8f4ff2f599ed81dc4"
