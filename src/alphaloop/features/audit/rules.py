"""What an audit row may hold, and how rows are chained: pure functions over plain values."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from alphaloop.core.money import plain

GENESIS = "0" * 64
MASK = "***"
MAX_TEXT = 1000
MAX_ITEMS = 200
MAX_DEPTH = 8
SEAL_COLUMNS = ("prev_hash", "hash", "sealed_at", "seal_no")
CONTENT_COLUMNS = (
    "id",
    "at",
    "user_id",
    "account_id",
    "actor_type",
    "action",
    "resource_type",
    "resource_id",
    "before",
    "after",
    "details",
    "result",
    "ip_address",
    "user_agent",
    "request_id",
)

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token|ticket|credential|signature|authorization|cookie|id_card|phone|otp"
    r"|(^|_|-)(key|hash)$|api_?key|private_?key|apikey|privatekey",
    re.IGNORECASE,
)
# Signed tokens, bearer headers, stored hashes and our own sealed texts, wherever they turn up.
_SECRET_TEXT = re.compile(
    r"eyJ[\w-]{6,}\.[\w-]+\.[\w-]*|bearer\s+\S+|\$(?:argon2id?|2[aby])\$\S+|\bv1\.\w+\.[\w=-]{20,}\.[\w=-]+"
    r"|(?:password|passwd|secret|token|api_?key)\s*[=:]\s*\S+",
    re.IGNORECASE,
)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def masked_text(text: str, limit: int = MAX_TEXT) -> str:
    """The text without secrets and without characters that no column can hold, at most `limit` characters."""
    return _SECRET_TEXT.sub(MASK, _UNSTORABLE.sub("�", text[: limit * 2]))[:limit]


def masked(value: Any, *, depth: int = 0) -> Any:
    """Plain JSON of a value: secrets become ***, money its exact text, times ISO 8601; size and depth are bounded."""
    if depth > MAX_DEPTH:
        return MASK
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, int) or abs(value) < 2**63 else str(value)[:MAX_TEXT]
    if isinstance(value, Enum):
        return masked(value.value, depth=depth)
    if isinstance(value, str):
        return masked_text(value)
    if isinstance(value, Decimal):
        return plain(value) if value.is_finite() else str(value)
    if isinstance(value, float):
        # As text, because databases disagree on the last digit of a JSON float and the seal must survive a read.
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        items = list(value.items())[:MAX_ITEMS]
        return {
            masked_text(str(key), 120): MASK if _is_secret(str(key), inner) else masked(inner, depth=depth + 1)
            for key, inner in items
        }
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [masked(inner, depth=depth + 1) for inner in list(value)[:MAX_ITEMS]]
    return type(value).__name__


def _is_secret(name: str, value: Any) -> bool:
    return value is not None and not isinstance(value, bool) and bool(_SECRET_NAME.search(name))


def canonical(row: Mapping[str, Any], *, sealed_at: datetime, seal_no: int) -> bytes:
    """The bytes that a seal covers: every column but the hashes, keys sorted, times in UTC microseconds."""
    content = {name: row[name] for name in CONTENT_COLUMNS}
    content["at"] = _instant(row["at"])
    content["sealed_at"] = _instant(sealed_at)
    content["seal_no"] = seal_no
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def chained_hash(prev_hash: str, content: bytes) -> str:
    """SHA-256 over the previous row's hash and this row's canonical bytes, in hex."""
    return hashlib.sha256(prev_hash.encode() + b"\n" + content).hexdigest()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
