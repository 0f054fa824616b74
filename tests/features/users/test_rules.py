"""Roles, names and masks."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import alphaloop
from alphaloop.core.errors import InvalidError
from alphaloop.features.users.rules import (
    ADMIN,
    PERMISSIONS,
    ROLES,
    check_email,
    check_role_name,
    check_username,
    fold,
    is_one_line,
    mask_id_card,
    mask_phone,
    narrowed,
    primary_role,
)


def test_the_administrator_may_do_everything() -> None:
    assert ROLES[ADMIN] == PERMISSIONS


@pytest.mark.parametrize("role", ROLES)
def test_everybody_who_may_lose_money_may_stop(role: str) -> None:
    assert {"risk.halt", "risk.read", "market.read"} <= ROLES[role]


def test_only_the_administrator_manages_people_and_reads_everybodys_audit() -> None:
    for role in set(ROLES) - {ADMIN}:
        assert not {"user.manage", "audit.read", "platform.manage"} & ROLES[role]


def test_followers_and_agents_place_no_orders() -> None:
    assert "order.place" not in ROLES["follower"] | ROLES["agent"]


@given(st.text(max_size=100))
def test_folding_a_name_twice_changes_nothing_more(name: str) -> None:
    assert fold(fold(name)) == fold(name)


@given(st.text(max_size=40))
def test_a_mask_never_shows_more_than_seven_characters(number: str) -> None:
    masked = mask_id_card(number)
    assert len(masked) == len(number)
    assert sum(char != "*" for char in masked) <= 7


@given(st.from_regex(r"\+?[0-9]{5,20}", fullmatch=True))
def test_a_phone_number_hides_at_least_its_middle(number: str) -> None:
    assert "****" in mask_phone(number)
    assert mask_phone(number) != number


def test_the_primary_role_is_the_mightiest() -> None:
    assert primary_role(frozenset({"trader", "admin"})) == "admin"
    assert primary_role(frozenset({"follower", "agent"})) == "agent"
    assert primary_role(frozenset({"watcher"})) == "watcher"


def test_named_strategy_managers_exclude_everybody_else() -> None:
    may = frozenset({"strategy.manage", "order.place"})
    assert narrowed(may, username_key="anna", strategy_managers=frozenset()) == may
    assert narrowed(may, username_key="anna", strategy_managers=frozenset({"ANNA"})) == may
    assert narrowed(may, username_key="bert", strategy_managers=frozenset({"ANNA"})) == {"order.place"}


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "\x7f", "a\u202eb", "\u2028", "\u2067x"])
def test_text_that_breaks_a_line_or_turns_around_is_no_line(text: str) -> None:
    assert not is_one_line(text)


def test_ordinary_text_is_one_line() -> None:
    assert is_one_line("阿海 O'Neil 🦊")


@pytest.mark.parametrize(("check", "bad"), [(check_username, "a b"), (check_email, "a@b"), (check_role_name, "Admin")])
def test_a_refused_name_is_not_repeated(check: object, bad: str) -> None:
    assert callable(check)
    with pytest.raises(InvalidError) as refused:
        check(bad)
    assert bad not in refused.value.message


def test_every_permission_that_a_room_asks_for_exists() -> None:
    source = Path(alphaloop.__file__).parent
    asked = {
        name
        for path in source.rglob("*.py")
        for name in re.findall(r"\.(?:require|allows)\(\"([a-z_.]+)\"\)", path.read_text("utf-8"))
    }
    assert len(asked) >= 5
    assert asked <= PERMISSIONS
