"""What a person's own process answers a session is read before it reaches the turn in which others trade."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alphaloop.core.errors import InvalidError
from alphaloop.features.sessions import foreign
from alphaloop.features.sessions.foreign import ForeignRunner

CALM: dict[str, Any] = {
    "target": 1.0,
    "sizing": "WEIGHT",
    "episode": 3,
    "stop": None,
    "take": None,
    "trail": None,
    "strength": None,
    "reason": "a\x00b",
}


def host(args: dict[str, Any]) -> tuple[Callable[[dict[str, Any]], Any], dict[str, Any]]:
    """In the child: whatever it was told to say."""
    return lambda asked: asked["rows"].pop()[0], {"manages": False}


async def test_an_answer_that_could_not_be_kept_is_refused_and_a_calm_one_is_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(foreign, "TARGET", f"{__name__}:host")
    runner = ForeignRunner("user:x", tmp_path, {}, instrument="X", start_ts=0, memory=[])

    async def told(said: Any) -> Any:
        runner.append(ts_ms=said, close_ms=0, prices=(1.0, 1.0, 1.0, 1.0, 1.0))
        return await runner.wanted(None)

    try:
        desired = await told({"desired": CALM, "memory": [0.0] * 8})
        assert (desired.target, desired.reason) == (1.0, "a?b")
        assert await told({"desired": None, "memory": [1.0] * 8}) is None
        for changes in (
            {"target": float("nan")},
            {"target": 1e300},
            {"target": "much"},
            {"stop": float("inf")},
            {"sizing": "ALL"},
            {"episode": 10**30},
            {"episode": 1.5},
        ):
            with pytest.raises(InvalidError) as refused:
                await told({"desired": CALM | changes, "memory": [0.0] * 8})
            assert refused.value.code == "bad_signals"
        for memory in ([0.0] * 9, [float("nan")] * 8, None, ["x"] * 8):
            with pytest.raises(InvalidError):
                await told({"desired": None, "memory": memory})
        answers: tuple[Any, ...] = (7, None, [], {})
        for answer in answers:
            with pytest.raises(InvalidError):
                await told(answer)
        assert runner.memory.tolist() == [0.0] * 8
    finally:
        await runner.close()
