"""A running platform and a browser, for the journeys."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
PASSWORD = "a-quiet-harbour-at-dawn-7"
DESKTOP = (1440, 900)
PHONE = (390, 844)
START_S = 60.0


@contextlib.contextmanager
def run_platform(home: Path, *, data_dir: Path | None = None) -> Iterator[str]:
    """Start `alphaloop serve` on a free port with that home; yields its address and ends it afterwards."""
    if not (ROOT / "src/alphaloop/web/dist/index.html").is_file():
        pytest.fail("The page is not built; run script/bootstrap test.")
    environment = {**os.environ, "ALPHALOOP_HOME": str(home), "PORT": str(_free_port())}
    for name in ("DATABASE_URL", "REDIS_URL", "ALPHALOOP_DATA_DIR"):
        environment.pop(name, None)
    if data_dir is not None:
        environment["ALPHALOOP_DATA_DIR"] = str(data_dir)
    process = subprocess.Popen([sys.executable, "-m", "alphaloop", "serve"], env=environment)
    address = f"http://127.0.0.1:{environment['PORT']}"
    try:
        _await_health(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def open_browser() -> Iterator[Browser]:
    """Headless Chromium; without one the test is skipped by name, and fails in CI."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        message = "no Chromium on this machine"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_health(address: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"{address}/health", timeout=1).close()
            return
        time.sleep(0.1)
    pytest.fail(f"The platform did not start (exit code {process.poll()}).")
