"""Secrets at rest: unreadable elsewhere, damaged texts refused, keys rotatable, two processes one key."""

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alphaloop.core.errors import UnavailableError
from alphaloop.infra.keyfile import read_or_make
from alphaloop.infra.vault import Vault, open_vault

KEYS = {"k1": b"1" * 32, "k2": b"2" * 32}
PLACE = "exchange_keys:7:secret"


@given(st.text(), st.text(max_size=40))
def test_a_secret_comes_back_in_its_place(secret: str, place: str) -> None:
    vault = Vault(KEYS)
    try:
        secret.encode(), place.encode()
    except UnicodeEncodeError:
        return
    assert vault.open(vault.seal(secret, place=place), place=place) == secret


def test_the_same_secret_never_looks_the_same() -> None:
    vault = Vault(KEYS)
    assert len({vault.seal("secret", place=PLACE) for _ in range(20)}) == 20
    assert "secret" not in vault.seal("secret", place=PLACE)


@pytest.mark.parametrize("place", ["exchange_keys:8:secret", "exchange_keys:7:key", "", "Exchange_keys:7:secret"])
def test_a_secret_moved_to_another_row_does_not_open(place: str) -> None:
    vault = Vault(KEYS)
    with pytest.raises(UnavailableError) as refused:
        vault.open(vault.seal("secret", place=PLACE), place=place)
    assert refused.value.code == "secret_unreadable"


def test_any_changed_character_is_noticed() -> None:
    vault = Vault(KEYS)
    sealed = vault.seal("secret", place=PLACE)
    for index in range(len(sealed)):
        swapped = "A" if sealed[index] != "A" else "B"
        damaged = sealed[:index] + swapped + sealed[index + 1 :]
        with pytest.raises(UnavailableError):
            vault.open(damaged, place=PLACE)


@pytest.mark.parametrize("sealed", ["", "v1", "v1.k1.x.y", "v2.k1..", "v1.k9.AAAA.AAAA", "v1.k1.é.é", "...."])
def test_what_we_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(UnavailableError):
        Vault(KEYS).open(sealed, place=PLACE)


def test_the_first_key_seals_and_older_ones_still_open() -> None:
    old = Vault({"k1": KEYS["k1"]}).seal("secret", place=PLACE)
    rotated = Vault({"k2": KEYS["k2"], "k1": KEYS["k1"]})
    assert rotated.open(old, place=PLACE) == "secret"
    fresh = rotated.seal("secret", place=PLACE)
    assert fresh.startswith("v1.k2.")
    with pytest.raises(UnavailableError):
        Vault({"k1": KEYS["k1"]}).open(fresh, place=PLACE)


def test_the_installations_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    sealed = open_vault(tmp_path / "keys").seal("secret", place=PLACE)
    assert open_vault(tmp_path / "keys").open(sealed, place=PLACE) == "secret"
    assert (tmp_path / "keys" / "vault.key").stat().st_mode & 0o077 == 0
    with pytest.raises(UnavailableError):
        open_vault(tmp_path / "other").open(sealed, place=PLACE)


def test_many_who_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    start, found = threading.Barrier(12), []

    def one() -> None:
        start.wait()
        found.append(read_or_make(tmp_path / "a.key", lambda: os.urandom(32)))

    threads = [threading.Thread(target=one) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 12
    assert len(set(found)) == 1
    assert len(found[0]) == 32
    assert [path.name for path in tmp_path.iterdir()] == ["a.key"]
