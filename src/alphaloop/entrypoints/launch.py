"""Starts the platform's processes and keeps them running. Standard library only, so that it costs next to nothing."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from typing import IO

_READY = "ready "
_GRACE_S = 10.0
_RESTART_S = 1.0


class Launcher:
    """The web process first (it prepares the database), then the worker; a worker that dies is started again."""

    def __init__(self, overrides: dict[str, str]) -> None:
        self._environment = {**os.environ, **overrides}
        self._stopping = threading.Event()
        self._web: subprocess.Popen[str] | None = None
        self._worker: subprocess.Popen[str] | None = None

    def run(self) -> int:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: self._stopping.set())
        self._web = self._start("web", stdout=subprocess.PIPE)
        assert self._web.stdout is not None
        if not self._wait_ready(self._web.stdout):
            return self._web.wait()
        threading.Thread(target=self._pass_on, args=(self._web.stdout,), daemon=True).start()
        self._worker = self._start("worker")
        return self._watch()

    def _start(self, part: str, stdout: int | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "alphaloop.entrypoints.cli", part]
        # A group of their own: Ctrl-C reaches only us, and we end them in order.
        return subprocess.Popen(
            command, env=self._environment, stdout=stdout, stdin=subprocess.DEVNULL, text=True, start_new_session=True
        )

    def _wait_ready(self, lines: IO[str]) -> bool:
        for line in lines:
            if line.startswith(_READY):
                print(f"AlphaLoop is running at {line.removeprefix(_READY).strip()}", flush=True)
                return True
            print(line, end="", flush=True)
        return False

    def _pass_on(self, lines: IO[str]) -> None:
        for line in lines:
            print(line, end="", flush=True)

    def _watch(self) -> int:
        assert self._web is not None
        assert self._worker is not None
        while not self._stopping.wait(0.2):
            code = self._web.poll()
            if code is not None:
                self._end(self._worker)
                return code or 1
            if self._worker.poll() is not None:
                print("alphaloop: the worker ended and is started again", file=sys.stderr, flush=True)
                self._stopping.wait(_RESTART_S)
                if not self._stopping.is_set():
                    self._worker = self._start("worker")
        self._end(self._worker)
        self._end(self._web)
        return 0

    def _end(self, process: "subprocess.Popen[str]") -> None:
        if process.poll() is not None:
            return
        process.terminate()
        until = time.monotonic() + _GRACE_S
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            process.wait()


def launch(*, host: str | None, port: int | None) -> int:
    """Run the platform until told to stop; returns the exit code."""
    overrides = {}
    if host is not None:
        overrides["ALPHALOOP_HOST"] = host
    if port is not None:
        overrides["ALPHALOOP_PORT"] = str(port)
    return Launcher(overrides).run()
