"""The platform as a person meets it: help, start, memory at rest, and a closed bar's way to the browser.

The peer for help and start is the bare interpreter and a bare ASGI application under the same server; there is no peer
for the rest.
"""

import asyncio
import contextlib
import json as jsonlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PASSWORD = "a-quiet-harbour-at-dawn-7"
BARS = 300
BARS_PER_S = 20
_BARE = """
import uvicorn
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown": return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})
uvicorn.run(app, port=%d, log_level="error")
"""


def run(json: bool) -> dict[str, Any]:
    """Seconds, MB and milliseconds; each figure is the median of a few runs but for the percentiles."""
    figures: dict[str, Any] = {
        "help_s": _timed([sys.executable, "-m", "alphaloop", "--help"], 5),
        "bare_python_s": _timed([sys.executable, "-c", "pass"], 5),
    }
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with _platform(home):
            _settle(home)
        starts = []
        for _ in range(3):
            with _platform(home) as (_, took, _process):
                starts.append(took)
        figures["second_start_s"] = statistics.median(starts)
        figures["bare_server_start_s"] = _bare_start()
        with _platform(home) as (address, _, process):
            time.sleep(3)
            figures["idle_pss_mb"] = _pss_mb(process.pid)
            figures |= asyncio.run(_bars_to_the_socket(address))
    if not json:
        for name, value in figures.items():
            print(f"{name:<24} {value:10.3f}")
    return figures


def _timed(command: list[str], times: int) -> float:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(address: str) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(address, timeout=1).close()
            return
        time.sleep(0.02)
    raise SystemExit("the server did not start")


@contextlib.contextmanager
def _platform(home: Path) -> Iterator[tuple[str, float, "subprocess.Popen[bytes]"]]:
    port = _free_port()
    own = {"ALPHALOOP_HOME": str(home), "ALPHALOOP_CACHE_DIR": str(home / "cache")}
    environment = {**os.environ, **own, "PORT": str(port), "LOG_LEVEL": "WARNING"}
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "alphaloop", "serve"], env=environment, stdout=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}", time.perf_counter() - began, process
    finally:
        process.terminate()
        process.wait(30)


def _settle(home: Path) -> None:
    """Wait until the kernels are compiled, which happens once after an installation."""
    until = time.monotonic() + 300
    while time.monotonic() < until and not list(home.glob("cache/*/warm")):
        time.sleep(0.5)


def _bare_start() -> float:
    port = _free_port()
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-c", _BARE % port])
    try:
        _await(f"http://127.0.0.1:{port}/")
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(10)


def _pss_mb(root: int) -> float:
    """Proportional set size of the process and everything it started."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, ValueError):
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    family = {root}
    while grown := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= grown
    total = 0
    for pid in family:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _ask(address: str, path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(
        f"{address}/api/v1{path}",
        data=None if body is None else jsonlib.dumps(body).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return jsonlib.loads(answer.read() or b"null")


async def _bars_to_the_socket(address: str) -> dict[str, float]:
    """From the start of a bar's turn (match, book, mark, structure, strategy, commit) to the tab that shows it."""
    import websockets

    looks = {"locale": "en", "updown": "green-up", "focus": "chart"}
    token = _ask(address, "/auth/onboard", {"password": PASSWORD, "remember": "body", **looks})["access_token"]
    symbol = ""
    for _ in range(240):
        items = _ask(address, "/market/instruments?query=SPX", token=token)["items"]
        if items and items[0]["series"]:
            symbol = items[0]["symbol"]
            break
        await asyncio.sleep(0.25)
    start = {"instrument": symbol, "timeframe": "1d", "speed": BARS_PER_S, "cash": "1000000"}
    replay = _ask(address, "/replays", start, token)
    session = {"account_id": replay["account_id"], "strategy": "reversion/bollinger", "instrument": symbol}
    _ask(address, "/sessions", {**session, "timeframe": "1d"}, token)
    ticket = _ask(address, "/stream/ticket", {}, token)["ticket"]
    waits: list[float] = []
    async with websockets.connect(address.replace("http", "ws") + "/ws/trading") as line:
        await line.send(jsonlib.dumps({"op": "hello", "ticket": ticket, "resume_seq": None}))
        await line.recv()
        await line.send(jsonlib.dumps({"op": "subscribe", "replay_id": replay["id"]}))
        _ask(address, f"/replays/{replay['id']}/play", {}, token)
        while len(waits) < BARS:
            frame = jsonlib.loads(await asyncio.wait_for(line.recv(), 120))
            if frame["channel"] == "bar":
                waits.append(time.time() * 1000 - frame["data"]["began_ms"])
    waits = sorted(waits[5:])
    return {"bar_p50_ms": waits[len(waits) // 2], "bar_p99_ms": waits[int(len(waits) * 0.99)]}
