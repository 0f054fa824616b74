"""A process that leads a group of its own, and the two lines to it: it knows nothing of our settings, and ending it
takes a moment, however it and whatever it started behave."""

import asyncio
import contextlib
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping


class LedProcess:
    """Runs `main` of a module; `said` is what it writes, in lines of at most `line_max` bytes."""

    def __init__(self, process: Process, said: asyncio.StreamReader, said_by: asyncio.ReadTransport) -> None:
        self._process, self.said, self._said_by = process, said, said_by

    @classmethod
    async def start(
        cls, module: str, *given: str, environment: Mapping[str, str], line_max: int, quiet: bool = False
    ) -> "LedProcess":
        """Start `main` of a module, with nothing but this environment; with `quiet` what it complains of goes
        nowhere."""
        ours, theirs = os.pipe()
        said = asyncio.StreamReader(limit=line_max)
        # A line of our own: asyncio would wait for its end with the process, and that is up to whoever inherited it.
        said_by, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(said), os.fdopen(ours, "rb", buffering=0)
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-c", _program(module), *given),
                stdin=PIPE,
                stdout=theirs,
                stderr=asyncio.subprocess.DEVNULL if quiet else None,
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            said_by.close()
            raise
        finally:
            os.close(theirs)
        return cls(process, said, said_by)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def told(self) -> asyncio.StreamWriter:
        """What it reads; its end says that we are gone."""
        assert self._process.stdin is not None
        return self._process.stdin

    async def end(self) -> None:
        """End it, with everything that is still of its group."""
        # Before it is waited for: until then nobody else can have its number, nor its group's.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        if not self.told.transport.is_closing():
            self.told.transport.abort()
        self._said_by.close()
        await self._process.wait()


def _program(module: str) -> str:
    """Finds modules where we do, whatever the folder it is started in holds."""
    places = [place for place in sys.path if os.path.isabs(place)]
    return f"import sys; sys.path[:] = {places!r}; from {module} import main; main()"
