"""Secrets at rest: AES-256-GCM with a data key per record, bound to where it is stored.

The record's own key is wrapped by the installation's key, so that the outer key can be rotated without touching the
data; the row's place is authenticated, so that ciphertext moved to another row does not open.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from alphaloop.core.errors import UnavailableError
from alphaloop.infra.keyfile import read_or_make

_NONCE = 12


class Vault:
    """Seals and opens short texts. `keys` maps key ids to 32-byte keys; the first one seals."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = next(iter(keys))

    def seal(self, secret: str, *, place: str) -> str:
        """Sealed text of a secret, openable only with the same `place` ('table:row:field')."""
        data_key = AESGCM.generate_key(256)
        wrapped = _encrypt(self._keys[self._current], data_key, place)
        body = _encrypt(AESGCM(data_key), secret.encode(), place)
        return ".".join(["v1", self._current, _text(wrapped), _text(body)])

    def open(self, sealed: str, *, place: str) -> str:
        """The secret, or UnavailableError when the key is gone, the text damaged, or the place another."""
        try:
            version, key_id, wrapped, body = sealed.split(".")
            if version != "v1":
                raise ValueError("unknown version")
            data_key = _decrypt(self._keys[key_id], _bytes(wrapped), place)
            return _decrypt(AESGCM(data_key), _bytes(body), place).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise UnavailableError(
                "A stored secret cannot be opened; enter it again.", code="secret_unreadable"
            ) from error


def open_vault(folder: Path) -> Vault:
    """The installation's vault; its key is made at first use in `folder/vault.key`, readable by the owner alone."""
    return Vault({"k1": base64.b64decode(read_or_make(folder / "vault.key", _new_key))})


def _new_key() -> bytes:
    return base64.b64encode(AESGCM.generate_key(256))


def _encrypt(cipher: AESGCM, plain: bytes, place: str) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + cipher.encrypt(nonce, plain, place.encode())


def _decrypt(cipher: AESGCM, sealed: bytes, place: str) -> bytes:
    return cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode()


def _bytes(text: str) -> bytes:
    raw = base64.urlsafe_b64decode(text)
    if _text(raw) != text:
        # Base64 lets several texts mean the same bytes; only the one we wrote is ours.
        raise ValueError("not our base64")
    return raw
