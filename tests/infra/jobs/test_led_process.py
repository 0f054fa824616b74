"""A process of its own group begins with what it was given, and ends at once."""

import os
import time

import pytest

from alphaloop.infra.jobs.led_process import LedProcess


def main() -> None:
    """In the process."""
    print(sorted(os.environ), flush=True)
    time.sleep(60)


async def test_it_finds_what_it_was_given_alone_and_can_be_ended_twice() -> None:
    process = await LedProcess.start(__name__, environment={"A": "1"}, line_max=1000)
    try:
        assert b"'A'" in await process.said.readline()
        assert os.getpgid(process.pid) == process.pid
    finally:
        began = time.monotonic()
        await process.end()
        await process.end()
    assert time.monotonic() - began < 2
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)
