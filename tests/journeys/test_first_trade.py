"""The journey that proves the product: a new person, real Bitcoin bars, a replay, structures, a strategy that trades,
and its orders, fills and positions live on the page and exact in the books.
"""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, open_browser, run_platform

pytestmark = [pytest.mark.browser, pytest.mark.data]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture
def data_folder(test_data: Path, tmp_path: Path) -> Path:
    """Only the series this journey needs, so that the first sync is short."""
    folder = tmp_path / "bars" / "crypto" / "binance" / "BTCUSDT"
    folder.mkdir(parents=True)
    for timeframe in ("30m", "1d"):
        source = test_data / "data" / "bars" / "crypto" / "binance" / "BTCUSDT" / f"{timeframe}.parquet"
        (folder / source.name).write_bytes(source.read_bytes())
    return tmp_path / "bars"


class Api:
    """The same person over HTTP, to compare what the page shows with what the books say."""

    def __init__(self, address: str) -> None:
        self._base = f"{address}/api/v1"
        self._token: str | None = None
        self._token = self.post("/auth/login", {"password": PASSWORD, "remember": "body"})["access_token"]

    def _ask(self, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(self._base + path, data=data, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def get(self, path: str) -> Any:
        return self._ask(path, None)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return self._ask(path, body)


def _first_run(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("本机密码").fill(PASSWORD)
    page.get_by_role("button", name="进入看盘").click()
    expect(page.get_by_test_id("symbol")).to_have_text("BTCUSDT", timeout=60_000)


def _start_replay(page: Page) -> None:
    page.get_by_role("button", name="开始模拟").first.click()
    dialog = page.get_by_role("dialog", name="开始模拟")
    dialog.get_by_label("周期").select_option("30m")
    dialog.get_by_label("运行的策略").select_option("reversion/bollinger")
    dialog.get_by_role("radio", name="×4", exact=True).click()
    dialog.get_by_role("button", name="开始", exact=True).click()
    expect(dialog).to_be_hidden(timeout=60_000)


def _number(text: str | None) -> Decimal:
    return Decimal((text or "").replace(",", "").replace("−", "-").strip())


def test_a_new_person_watches_a_strategy_trade_real_bars(
    browser: Browser, data_folder: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("home")
    shots = Path(os.environ.get("ALPHALOOP_TEST_SHOTS", str(tmp_path)))
    with run_platform(home, data_dir=data_folder) as address:
        window = browser.new_context(locale="zh-CN", viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
        page = window.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))

        _first_run(page, address)
        _start_replay(page)

        progress = page.get_by_test_id("replay-progress")
        expect(progress).to_be_visible(timeout=30_000)
        structure = page.get_by_role("tabpanel", name="结构")
        expect(structure.get_by_text("笔数")).to_be_visible(timeout=60_000)

        # The strategy trades: its fill marks, its position with its price line, its order in the list.
        page.get_by_role("tab", name=re.compile("^持仓")).click()
        expect(page.get_by_test_id("unrealised").first).to_be_visible(timeout=180_000)
        page.get_by_role("button", name="暂停").click()
        page.screenshot(path=shots / "journey-position.png")
        expect(page.get_by_role("group", name=re.compile("多|持仓")).first).to_be_visible()

        api = Api(address)
        account = api.get("/accounts")["items"][0]
        positions = api.get(f"/trading/positions?account_id={account['id']}")["items"]
        assert [row["direction"] for row in positions] == ["LONG"]
        assert _number(page.get_by_test_id("equity").text_content()) == round(Decimal(account["equity"]), 2)

        # Played on, it closes trades, and every closed trade is a journal draft.
        page.get_by_label("速度").select_option("0")
        page.get_by_role("button", name="播放").click()
        page.goto(f"{address}/journal")
        expect(page.get_by_role("row").nth(1)).to_be_visible(timeout=120_000)
        page.goto(address)
        page.get_by_role("button", name="暂停").click(timeout=30_000)
        page.screenshot(path=shots / "journey-end.png")

        _the_books_are_right(api, account["id"])
        drawn = api.get("/chan/structure?instrument=BTC/USDT@binance&timeframe=30m&replay_id=" + account["replay_id"])
        assert min(len(drawn[layer]) for layer in ("fractals", "strokes", "pivots", "points")) > 0
        assert complaints == []
        window.close()
    checked = subprocess.run(
        [sys.executable, "-m", "alphaloop", "ledger", "check"],
        env={**os.environ, "ALPHALOOP_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stderr


def _the_books_are_right(api: Api, account_id: str) -> None:
    points = api.get(f"/equity/curve?account_id={account_id}")["points"]
    assert len(points) > 10
    for point in points:
        assert Decimal(point["equity"]) == Decimal(point["cash"]) + Decimal(point["market_value"])
    fills = api.get(f"/trading/fills?account_id={account_id}&limit=200")["items"]
    held = sum(Decimal(one["quantity"]) * (1 if one["side"] == "BUY" else -1) for one in fills)
    positions = api.get(f"/trading/positions?account_id={account_id}")["items"]
    assert held == sum((Decimal(row["quantity"]) for row in positions), Decimal(0))
    assert api.get("/journal/list")["total"] >= 1
