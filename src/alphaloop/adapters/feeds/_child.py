"""Runs a feed that stands on somebody else's library in a process of its own: it may hang, leak or take the proxy from
the environment, and none of that reaches the platform."""

import io
import json
import subprocess
import sys
from dataclasses import fields, replace
from typing import Any

from alphaloop.adapters.feeds import contract
from alphaloop.adapters.feeds._action_files import ListedAction
from alphaloop.adapters.feeds._proxy import parse_proxy
from alphaloop.adapters.feeds.contract import BarTable
from alphaloop.core.corporate import CorporateAction
from alphaloop.core.errors import AlphaLoopError, InvalidError, Kind, NotFoundError, UnavailableError
from alphaloop.core.plugins import load_plugin

DEADLINE_S = 180.0
_ERRORS = {Kind.INVALID: InvalidError, Kind.NOT_FOUND: NotFoundError}
_ARRAYS = ("ts", "open", "high", "low", "close", "volume")
_NUMBERS = ("price_decimals", "volume_decimals", "dropped")


def fetch_table(key: str, config: dict[str, Any], ref: str) -> BarTable:
    """`fetch(config, ref)` of the feed file `key`, in a child. Its refusals are raised here as they were there."""
    import numpy as np

    with np.load(io.BytesIO(_run(key, "fetch", config, ref)), allow_pickle=False) as kept:
        places, volume_places, dropped = (int(kept[name]) for name in _NUMBERS)
        table = BarTable.of(
            {name: kept[name] for name in _ARRAYS}, price_decimals=places, volume_decimals=volume_places
        )
        return replace(table, dropped=dropped)


def fetch_actions(key: str, config: dict[str, Any], ref: str) -> list[ListedAction]:
    """`fetch_actions(config, ref)` of the feed file `key`, in a child."""
    from datetime import date
    from decimal import Decimal

    rows = json.loads(_run(key, "fetch_actions", config, ref))
    return [
        ListedAction(
            row["symbol"],
            CorporateAction(date.fromisoformat(row["day"]), *(Decimal(text) for text in row["terms"])),
            Decimal(row["ratio"]) if row["ratio"] else None,
        )
        for row in rows
    ]


def _run(key: str, function: str, config: dict[str, Any], ref: str) -> bytes:
    proxy = parse_proxy(config.get("proxy", ""))
    plain = {name: value for name, value in config.items() if name != "proxy"}
    asked = {"key": key, "function": function, "ref": ref, "config": plain}
    # `env` adds the proxy to what the child inherits; this program reads no environment of its own.
    command = ["env", *proxy.environment] if proxy is not None else []
    command += [sys.executable, "-m", "alphaloop.adapters.feeds._child"]
    try:
        done = subprocess.run(
            command, input=json.dumps(asked).encode(), capture_output=True, timeout=DEADLINE_S, check=False
        )
    except subprocess.TimeoutExpired:
        raise UnavailableError("The source does not answer in time.", code="timed_out") from None
    if done.returncode == 0:
        return done.stdout
    raise _refusal(done.stderr)


def _refusal(said: bytes) -> AlphaLoopError:
    try:
        refused = json.loads(said.splitlines()[-1])
        kind = _ERRORS.get(Kind(refused["kind"]), UnavailableError)
        return kind(refused["message"], code=refused["code"])
    except (ValueError, KeyError, IndexError, TypeError):
        return UnavailableError("The source's library failed.", code="library_failed")


def _answer() -> None:
    """The child: reads one question, writes one answer. Libraries print what they like, so it goes past them."""
    asked = json.loads(sys.stdin.buffer.read())
    out, sys.stdout = sys.stdout.buffer, sys.stderr
    try:
        module = load_plugin(contract.PACKAGE, asked["key"])
        found = getattr(module, asked["function"])(asked["config"], asked["ref"])
    except AlphaLoopError as error:
        print(json.dumps({"kind": error.kind, "code": error.code, "message": error.message}), file=sys.stderr)
        raise SystemExit(3) from None
    out.write(_packed(found) if isinstance(found, BarTable) else _listed(found))
    out.flush()


def _packed(table: BarTable) -> bytes:
    import numpy as np

    kept = io.BytesIO()
    arrays: dict[str, Any] = {one.name: np.asarray(getattr(table, one.name)) for one in fields(table)}
    np.savez(kept, **arrays)
    return kept.getvalue()


def _listed(actions: list[ListedAction]) -> bytes:
    rows = [
        {
            "symbol": one.symbol,
            "day": one.action.ex_date.isoformat(),
            "terms": [
                str(term) for term in (one.action.cash, one.action.bonus, one.action.rights, one.action.rights_price)
            ],
            "ratio": str(one.ratio) if one.ratio is not None else "",
        }
        for one in actions
    ]
    return json.dumps(rows).encode()


if __name__ == "__main__":
    _answer()
