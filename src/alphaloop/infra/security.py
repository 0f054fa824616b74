"""Passwords and signed tokens: Argon2id, short JWTs with every claim required, and random secrets."""

import asyncio
import hashlib
import secrets
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import jwt
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from alphaloop.core.clock import Clock
from alphaloop.core.errors import UnauthenticatedError
from alphaloop.infra.keyfile import read_or_make

ISSUER = "alphaloop"
MAX_PASSWORD_BYTES = 1024
_REQUIRED = ["exp", "iat", "nbf", "sub", "jti", "aud", "iss"]


class Passwords:
    """Hashing off the event loop, at most two at a time, so that a burst of logins cannot stall trading.

    `argon2` sets the cost of new hashes; older ones, bcrypt's too, are upgraded at the next login.
    """

    def __init__(self, argon2: Argon2Hasher | None = None) -> None:
        self._hasher = PasswordHash((argon2 or Argon2Hasher(), BcryptHasher()))
        self._turns = asyncio.Semaphore(2)

    async def hash(self, password: str) -> str:
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        """(right?, new hash to store or None). A missing user costs the same time as a wrong password."""
        if len(password.encode("utf-8", "replace")) > MAX_PASSWORD_BYTES:
            return False, None
        async with self._turns:
            return await asyncio.to_thread(self._verify, password, hashed)

    def _verify(self, password: str, hashed: str | None) -> tuple[bool, str | None]:
        nobody = self._nobody  # made at the first check whoever it is for, so that its cost tells nothing
        try:
            right, renewed = self._hasher.verify_and_update(password, hashed or nobody)
        except (UnknownHashError, ValueError):
            # bcrypt refuses more than 72 bytes and NUL; such a password never made that hash.
            return False, None
        return (right and hashed is not None), (renewed if hashed is not None else None)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_hex(16))


class Tokens:
    """Signs and reads short tokens; the audience keeps an access token from serving as anything else."""

    def __init__(self, secret: str, clock: Clock, *, algorithm: str = "HS256") -> None:
        self._secret = secret
        self._clock = clock
        self._algorithm = algorithm

    def sign(self, *, subject: str, audience: str, ttl: timedelta, claims: dict[str, Any]) -> str:
        now = self._clock.now()
        body = {
            **claims,
            "sub": subject,
            "aud": audience,
            "iss": ISSUER,
            "iat": now,
            "nbf": now,
            "exp": now + ttl,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(body, self._secret, algorithm=self._algorithm)

    def read(self, token: str, *, audience: str) -> dict[str, Any]:
        """The claims of a valid token for that audience, else UnauthenticatedError."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=[self._algorithm],
                audience=audience,
                issuer=ISSUER,
                options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False},
            )
        except (jwt.PyJWTError, ValueError):
            raise UnauthenticatedError("Sign in again.", code="token_invalid") from None
        now = self._clock.now().timestamp()
        if not all(isinstance(claims[name], int | float) for name in ("exp", "nbf")):
            raise UnauthenticatedError("Sign in again.", code="token_invalid")
        if claims["exp"] <= now or claims["nbf"] > now + 5:
            raise UnauthenticatedError("Sign in again.", code="token_expired")
        return claims


def random_token() -> str:
    """256 random bits as URL-safe text: refresh tokens, tickets."""
    return secrets.token_urlsafe(32)


def fingerprint(token: str) -> str:
    """What we store of a random token: its SHA-256, so that a database leak opens no session."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def secret_or_made(given: str, folder: Path) -> str:
    """The given signing secret, or (in development) a random one made once and kept in `folder/jwt.key`."""
    if given:
        return given
    return read_or_make(folder / "jwt.key", lambda: secrets.token_hex(32).encode()).decode("ascii")
