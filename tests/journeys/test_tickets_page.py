"""The journey of somebody who trades by hand: open an account, order, carry the ticket to the broker, say what came of
it, bring the statement in, take a ticket back; on a desk and on a phone."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, PHONE, open_browser, run_platform

pytestmark = pytest.mark.browser

MOUTAI = "600519@XSHG"
BUSY_MS = 20_000
COMPILING_MS = 300_000
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, summary, [role=switch]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""
SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Site:
    """A running platform with one share's bars, a signed-in window, and the same person over HTTP."""

    address: str
    window: BrowserContext
    token: str

    def open(self, path: str, size: tuple[int, int] = DESKTOP) -> Page:
        page = self.window.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(self.address + path)
        expect(page.get_by_role("navigation").first).to_be_visible(timeout=20_000)
        return page

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return _ask(f"{self.address}/api/v1{path}", body, token=self.token)

    def account(self) -> str:
        (account,) = [row for row in self.ask("/accounts")["items"] if row["venue"] == "manual"]
        return str(account["id"])

    def order(self, quantity: str, price: str) -> None:
        body = {"account_id": self.account(), "instrument": MOUTAI, "side": "BUY", "type": "LIMIT"}
        placed = self.ask("/trading/orders", body | {"quantity": quantity, "price": price})
        assert placed["status"] != "REJECTED", placed["reason"]


def _ask(address: str, body: dict[str, Any] | None, *, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(address, None if body is None else json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        pytest.fail(f"{address}: {refused.read().decode()}")


def _bars(folder: Path) -> None:
    """Forty quiet sessions of one share."""
    folder.mkdir(parents=True)
    days = (datetime(2024, 1, 2, tzinfo=UTC) + timedelta(days=n) for n in range(60))
    rows = [f"{day:%Y-%m-%d},1500,1540,1490,{1500 + day.day},1000" for day in days if day.weekday() < 5]
    (folder / "1d.csv").write_text("ts,open,high,low,close,volume\n" + "\n".join(rows) + "\n")


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """The worker of a busy machine takes its time to book what was said."""
    expect.set_options()
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    bars = tmp_path_factory.mktemp("bars")
    _bars(bars / "equity_cn" / "sse_szse" / "SH600519")
    for browser in open_browser():
        with run_platform(tmp_path_factory.mktemp("home"), data_dir=bars) as address:
            window = browser.new_context(locale="zh-CN", permissions=["clipboard-read", "clipboard-write"])
            page = window.new_page()
            page.goto(address)
            page.get_by_label("本机密码").fill(PASSWORD)
            page.get_by_role("button", name="进入看盘").click()
            expect(page.get_by_test_id("symbol")).to_be_visible(timeout=60_000)
            # The first prices and structures wait for the engine to compile, and everything else waits with them.
            watched = page.get_by_role("listbox", name="自选").get_by_role("option")
            expect(watched.first).to_be_visible(timeout=COMPILING_MS)
            page.close()
            login = _ask(f"{address}/api/v1/auth/login", {"password": PASSWORD, "remember": "body"})
            site = Site(address, window, login["access_token"])
            until = time.monotonic() + BUSY_MS / 1000
            while not site.ask("/market/instruments?query=600519")["items"]:
                assert time.monotonic() < until, "the folder's share did not come in"
                time.sleep(0.2)
            yield site
            window.close()


def _tickets(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("article")


def test_an_account_by_hand_brings_its_market_and_a_door_to_its_tickets(site: Site) -> None:
    page = site.open("/tickets")
    doors = page.get_by_role("navigation", name="主导航")
    expect(doors.get_by_role("link", name="手工单")).to_have_count(0)
    expect(page.get_by_role("heading", name="还没有手工账户")).to_be_visible()
    page.get_by_role("button", name="开一个手工账户").click()
    form = page.get_by_role("dialog", name="新建账户")
    expect(form.get_by_role("radio", name="手工")).to_be_checked()
    form.get_by_label("市场").select_option("cn_a")
    for words in ("CNY", "XSHG", "红涨绿跌"):
        expect(form).to_contain_text(words)
    form.get_by_label("名称").fill("Broker")
    form.get_by_label("券商那里的现金").fill("50,000,000")
    form.get_by_role("button", name="新建账户").click()
    expect(form).to_be_hidden()
    expect(doors.get_by_role("link", name="手工单")).to_be_visible()
    expect(page.get_by_role("heading", name="没有要办的单子")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("账户: 手工"))).to_contain_text("50,000,000.00")
    (account,) = [row for row in site.ask("/accounts")["items"] if row["venue"] == "manual"]
    assert (account["market"], account["quote_asset"], account["colours"]) == ("cn_a", "CNY", "red_up")
    page.close()


def test_an_order_from_the_chart_becomes_a_ticket_that_is_copied_with_one_tap(site: Site) -> None:
    page = site.open("/?symbol=SH600519&tf=1d")
    expect(page.locator("[data-feed=ready]")).to_be_visible(timeout=30_000)
    expect(page.get_by_test_id("symbol")).to_have_text("SH600519")
    page.get_by_role("button", name="下单").click()
    ticket = page.get_by_role("region", name="下单")
    expect(ticket.get_by_text("手工", exact=True)).to_be_visible()
    expect(ticket.get_by_label("数量", exact=True)).not_to_have_value("")
    ticket.get_by_label("价格", exact=True).fill("1510")
    ticket.get_by_label("数量", exact=True).fill("300")
    ticket.get_by_role("button", name=re.compile("^买入 300")).click()
    expect(page.get_by_role("log")).to_contain_text("单子已开：买入 300")
    page.get_by_role("button", name="去办手工单").click()
    expect(_tickets(page)).to_have_count(1)
    (only,) = _tickets(page).all()
    only.get_by_role("button", name=re.compile("^复制")).click()
    expect(only.get_by_text("已复制")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "买入 600519 300 限价 1510"
    page.close()


def test_a_part_and_then_the_rest_are_confirmed_and_booked(site: Site) -> None:
    page = site.open("/tickets")
    _tickets(page).get_by_role("button", name="确认成交").click()
    form = page.get_by_role("dialog", name="确认成交")
    expect(form.get_by_label("数量")).to_have_value("300")
    expect(form.get_by_label("成交价")).to_have_value("1510")
    form.get_by_label("数量").fill("301")
    form.get_by_role("button", name="记下").click()
    expect(form.get_by_role("alert")).to_have_text("最多还剩 300。")
    form.get_by_label("数量").fill("100")
    expect(form).to_contain_text("记下后还剩 200。")
    form.get_by_label("成交价").fill("1509.5")
    form.get_by_label("费用 CNY").fill("12.34")
    form.get_by_label("成交编号").fill("A-1")
    form.get_by_role("button", name="记下").click()
    expect(form).to_be_hidden()
    expect(_tickets(page)).to_contain_text("还剩 200，共 300")

    _tickets(page).get_by_role("button", name="确认成交").click()
    form.get_by_label("数量").fill("50")
    form.get_by_label("成交编号").fill("A-1")
    form.get_by_role("button", name="记下").click()
    expect(form.get_by_role("alert")).to_contain_text("同一个成交编号已经记过")
    form.get_by_label("数量").fill("200")
    form.get_by_label("成交编号").fill("A-2")
    expect(form).to_contain_text("记下后这张单子办完。")
    form.get_by_role("button", name="记下").click()
    expect(form).to_be_hidden()
    expect(_tickets(page)).to_have_count(0)
    expect(page.get_by_role("table", name="最近办完的").get_by_role("row")).to_have_count(2)
    (position,) = site.ask(f"/trading/positions?account_id={site.account()}")["items"]
    assert (position["quantity"], position["fees"]) == ("300", "12.34")
    page.close()


def test_a_statement_is_booked_once_and_what_no_ticket_answers_for_is_listed(site: Site, tmp_path: Path) -> None:
    site.order("200", "1505")
    page = site.open("/tickets")
    expect(_tickets(page)).to_have_count(1)
    now = datetime.now(SHANGHAI)
    rows = ["成交日期,成交时间,证券代码,证券名称,买卖标志,成交数量,成交均价,手续费,印花税,成交编号"]
    rows += [f"{now:%Y%m%d},{now:%H:%M:%S},600519,贵州茅台,证券买入,200,1504.8,30.1,0,8001"]
    rows += [f"{now:%Y%m%d},{now:%H:%M:%S},000001,平安银行,证券卖出,900,11.2,5,10.08,8002"]
    statement = tmp_path / "20240603 交割单.xls"
    statement.write_bytes("\n".join(rows).encode("gbk"))
    card = page.get_by_role("region", name="导入交割单")
    card.get_by_label("导入交割单").set_input_files(statement)
    expect(card.get_by_role("status")).to_contain_text("1 笔记到了单子上")
    expect(card.get_by_role("listitem")).to_have_count(1)
    expect(card.get_by_role("listitem")).to_contain_text("卖出")
    expect(card.get_by_role("listitem")).to_contain_text("900 × 11.2")
    expect(_tickets(page)).to_have_count(0)
    card.get_by_label("导入交割单").set_input_files(statement)
    expect(card.get_by_role("status")).to_contain_text("1 笔以前就有，没有再记")
    (tmp_path / "broken.csv").write_text(
        "成交日期,证券代码,买卖标志,成交数量,成交均价\n20240603,600519,买入,一百,1500\n"
    )
    card.get_by_label("导入交割单").set_input_files(tmp_path / "broken.csv")
    expect(card.get_by_role("alert")).to_contain_text("一笔也没有记")
    expect(card.get_by_role("alert")).to_contain_text("第 2 行 · 数字读不出来")
    page.close()


def test_a_withdrawn_ticket_may_still_have_traded(site: Site) -> None:
    site.order("100", "1501")
    page = site.open("/tickets")
    _tickets(page).get_by_role("button", name="撤回").click()
    page.get_by_role("dialog", name="撤回这张单子").get_by_role("button", name="撤回").click()
    expect(_tickets(page)).to_have_count(0)
    page.get_by_role("button", name="补记成交 SH600519").click()
    form = page.get_by_role("dialog", name="确认成交")
    form.get_by_label("数量").fill("40")
    form.get_by_role("button", name="记下").click()
    expect(form).to_be_hidden()
    expect(page.get_by_role("cell", name="40 / 100")).to_be_visible()
    (position,) = site.ask(f"/trading/positions?account_id={site.account()}")["items"]
    assert position["quantity"] == "540"
    page.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_names_its_controls_fits_the_screen_and_speaks_english_throughout(
    site: Site, size: tuple[int, int]
) -> None:
    if size == DESKTOP:  # the phone meets the same ticket: more than five orders a minute are refused
        site.order("100", "1499")
    page = site.open("/tickets", size)
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    for language, lang, confirm in (("English", "en", "Confirm fill"), ("中文", "zh-CN", "确认成交")):
        page.get_by_role("button", name=re.compile("^(设置|Settings)$")).click()
        page.get_by_role("radio", name=language).click()
        page.keyboard.press("Escape")
        expect(page.locator("html")).to_have_attribute("lang", lang)
        expect(_tickets(page).first).to_contain_text("limit" if lang == "en" else "限价")
        if lang == "en":
            assert not re.search("[\u4e00-\u9fff]", page.locator("main").inner_text())
        _tickets(page).first.get_by_role("button", name=confirm).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert page.evaluate(NAMELESS) == []
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert heard == []
    page.close()


def test_on_a_phone_a_ticket_is_carried_and_confirmed_with_thumbs(site: Site) -> None:
    page = site.open("/tickets", PHONE)
    expect(_tickets(page)).to_have_count(1)
    expect(page.get_by_role("navigation", name="主导航").get_by_role("link", name="手工单")).to_be_visible()
    for button in _tickets(page).get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    _tickets(page).get_by_role("button", name="确认成交").click()
    page.get_by_role("dialog", name="确认成交").get_by_role("button", name="记下").click()
    expect(_tickets(page)).to_have_count(0)
    page.close()
