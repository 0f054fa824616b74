"""Tokens and passwords at the level of the pipes."""

from datetime import timedelta

import jwt
import pytest

from alphaloop.core.clock import ManualClock
from alphaloop.core.errors import UnauthenticatedError
from alphaloop.infra.security import Passwords, Tokens, fingerprint, random_token

SECRET = "s" * 32


def test_a_token_is_read_by_its_audience_until_its_time(clock: ManualClock) -> None:
    tokens = Tokens(SECRET, clock)
    token = tokens.sign(subject="7", audience="access", ttl=timedelta(minutes=1), claims={"x": 1})
    claims = tokens.read(token, audience="access")
    assert (claims["sub"], claims["x"], claims["iss"]) == ("7", 1, "alphaloop")
    with pytest.raises(UnauthenticatedError):
        tokens.read(token, audience="refresh")
    with pytest.raises(UnauthenticatedError):
        Tokens("t" * 32, clock).read(token, audience="access")
    clock.advance(timedelta(minutes=1))
    with pytest.raises(UnauthenticatedError) as late:
        tokens.read(token, audience="access")
    assert late.value.code == "token_expired"


def test_claims_cannot_overwrite_what_we_say(clock: ManualClock) -> None:
    tokens = Tokens(SECRET, clock)
    token = tokens.sign(
        subject="7", audience="access", ttl=timedelta(minutes=1), claims={"sub": "1", "aud": "x", "exp": 9e9}
    )
    claims = tokens.read(token, audience="access")
    assert claims["sub"] == "7"
    assert claims["exp"] < 9e9


@pytest.mark.parametrize("change", [{"exp": "soon"}, {"exp": None}, {"nbf": "now"}, {"nbf": []}, {"aud": ["x"]}])
def test_a_claim_of_the_wrong_type_is_a_refusal_and_no_crash(clock: ManualClock, change: dict[str, object]) -> None:
    tokens = Tokens(SECRET, clock)
    good = tokens.sign(subject="7", audience="access", ttl=timedelta(minutes=1), claims={})
    claims = {**jwt.decode(good, options={"verify_signature": False}), **change}
    with pytest.raises(UnauthenticatedError):
        tokens.read(jwt.encode(claims, SECRET, algorithm="HS256"), audience="access")


def test_a_token_of_the_future_is_refused(clock: ManualClock) -> None:
    later = ManualClock(clock.now() + timedelta(hours=1))
    token = Tokens(SECRET, later).sign(subject="7", audience="access", ttl=timedelta(hours=2), claims={})
    with pytest.raises(UnauthenticatedError):
        Tokens(SECRET, clock).read(token, audience="access")


async def test_a_missing_person_is_never_right() -> None:
    passwords = Passwords()
    assert await passwords.verify("anything", None) == (False, None)
    assert await passwords.verify("anything", "no hash at all") == (False, None)
    hashed = await passwords.hash("green kettles sing")
    assert await passwords.verify("green kettles sing", hashed) == (True, None)
    assert await passwords.verify("x" * 1025, hashed) == (False, None)


def test_random_tokens_are_long_and_stored_as_fingerprints() -> None:
    made = {random_token() for _ in range(100)}
    assert len(made) == 100
    assert all(len(token) >= 43 and fingerprint(token) != token for token in made)
    assert len(fingerprint("\ud800")) == 64
