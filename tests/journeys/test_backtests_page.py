"""The journey of somebody who tries an idea on history: choose a strategy, run it, read the report, follow a trade to
the chart, take the files away, compare two runs; on a desk and on a phone."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, PHONE, open_browser, run_platform

pytestmark = pytest.mark.browser

BUSY_MS = 20_000
COMPILING_MS = 300_000
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, summary, [role=switch]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""


@dataclass
class Site:
    """A running platform with its own sample bars, a signed-in window, and the same person over HTTP."""

    address: str
    window: BrowserContext
    token: str

    def open(self, path: str, size: tuple[int, int] = DESKTOP) -> Page:
        page = self.window.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(self.address + path)
        expect(page.get_by_role("navigation").first).to_be_visible(timeout=BUSY_MS)
        return page

    def ask(self, path: str) -> Any:
        return _ask(f"{self.address}/api/v1{path}", None, token=self.token)

    def newest(self) -> Any:
        run = self.ask("/backtest/results?limit=1")["items"][0]
        return self.ask(f"/backtest/results/{run['id']}")


def _ask(address: str, body: dict[str, Any] | None, *, token: str | None = None) -> Any:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(address, None if body is None else json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as refused:
        pytest.fail(f"{address}: {refused.read().decode()}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    for browser in open_browser():
        with run_platform(tmp_path_factory.mktemp("home")) as address:
            window = browser.new_context(locale="zh-CN", accept_downloads=True)
            page = window.new_page()
            page.goto(address)
            page.get_by_label("本机密码").fill(PASSWORD)
            page.get_by_role("button", name="进入看盘").click()
            expect(page.get_by_test_id("symbol")).to_be_visible(timeout=60_000)
            page.close()
            login = _ask(f"{address}/api/v1/auth/login", {"password": PASSWORD, "remember": "body"})
            yield Site(address, window, login["access_token"])
            window.close()


def _form(page: Page, strategy: str) -> Locator:
    """The form of a new backtest on the S&P 500, opened from the list of strategies."""
    page.get_by_role("button", name=f"新建回测: {strategy}").click()
    form = page.get_by_role("dialog", name="新建回测")
    expect(form.get_by_label("策略")).to_be_visible()
    if form.get_by_role("button", name="去掉 SPX").count() == 0:
        form.get_by_label("加一个品种").select_option("SPX@XCBO")
    return form


def _run(page: Page, form: Locator, status: str) -> Locator:
    """The newest row of the table once its run has come to that end."""
    form.get_by_role("button", name="开始回测").click()
    expect(form).to_be_hidden(timeout=BUSY_MS)
    row = page.get_by_role("table", name="回测").get_by_role("row").nth(1)
    expect(row.locator("[data-status]")).to_have_attribute("data-status", status, timeout=COMPILING_MS)
    return row


def test_a_strategy_is_run_on_history_and_its_report_says_what_the_platform_found(site: Site) -> None:
    page = site.open("/strategies")
    expect(page.get_by_role("region", name="趋势").get_by_role("link", name="均线金叉")).to_be_visible(timeout=BUSY_MS)
    row = _run(page, _form(page, "均线金叉"), "DONE")
    found = site.newest()
    row.get_by_role("link", name="均线金叉").click()
    gained = found["metrics"]["total_return"] * 100
    expect(page.get_by_test_id("metric-total_return")).to_have_text(f"{gained:+.1f}%")
    low, high = found["report"]["intervals"]["sharpe"]
    expect(page.get_by_text(f"95% {low:.2f} ～ {high:.2f}")).to_be_visible()
    expect(page.get_by_role("table", name="月度收益").get_by_role("row")).to_have_count(
        len(found["report"]["monthly"]) + 1
    )
    expect(page.get_by_role("img", name=re.compile("^回撤"))).to_be_visible()
    trades = page.get_by_role("table", name="成交明细")
    expect(trades.get_by_role("row")).to_have_count(len(found["trades"]) + 1)
    trades.get_by_role("button", name="盈亏").click()
    best = max(trade["pnl"] for trade in found["trades"])
    expect(trades.get_by_role("row").nth(1)).to_contain_text(f"{best:+,.0f}")
    expect(page.get_by_role("list", name="按原因")).to_contain_text("短均线上穿长均线")
    asked = sum(found["report"]["unfilled"][side]["asked"] for side in ("entries", "exits"))
    expect(page.get_by_text(f"{asked} 次指令，第一时间都能成交。")).to_be_visible()
    why = page.get_by_role("region", name="这根为什么没动？")
    why.get_by_role("button", name="问").click()
    expect(why.get_by_role("list", name="经过")).to_contain_text("不是新指令", timeout=COMPILING_MS)
    page.close()


def test_an_old_trade_leads_to_its_own_bars_on_the_chart(site: Site) -> None:
    found = site.newest()
    page = site.open(f"/backtests/{found['id']}")
    # The chart begins with its newest 2000 bars; this trade lies before them.
    with page.expect_response(lambda answer: "/market/bars" in answer.url and "before" in answer.url, timeout=60_000):
        page.get_by_role("button", name="第 1 笔，跳到图上").click()
    expect(page).to_have_url(re.compile(r"symbol=SPX&tf=1d"))
    page.close()


def test_a_report_is_taken_away_as_csv_and_as_html(site: Site, tmp_path: Path) -> None:
    found = site.newest()
    page = site.open(f"/backtests/{found['id']}")
    for name, kind in (("成交 CSV", "csv"), ("报告 HTML", "html")):
        page.get_by_role("button", name="导出").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=name).click()
        download.value.save_as(tmp_path / kind)
    assert len((tmp_path / "csv").read_text().splitlines()) == len(found["trades"]) + 1
    assert found["run_id"] in (tmp_path / "html").read_text()
    page.close()


def test_two_runs_stand_side_by_side(site: Site) -> None:
    before = site.newest()
    page = site.open(f"/backtests/{before['id']}")
    page.get_by_role("button", name="改参数").click()
    form = page.get_by_role("dialog", name="新建回测")
    form.get_by_label("短期均线（根）").fill("20")
    form.get_by_label("每边费率 %").fill("0.2")
    _run(page, form, "DONE")
    after = site.newest()
    assert after["report"]["params"] == {**before["report"]["params"], "fast": 20}
    assert after["asked"]["fee"] == 0.002
    for run in (before, after):
        page.get_by_role("checkbox", name=f"选中 均线金叉 {run['id']}").check()
    page.get_by_role("button", name="比较").click()
    sharpe = page.get_by_role("table", name="回测比较").get_by_role("row", name=re.compile("^Sharpe"))
    for run in (before, after):
        expect(sharpe).to_contain_text(f"{run['metrics']['sharpe']:.2f}")
    page.close()


def test_a_run_that_cannot_be_says_why_in_words_and_can_be_deleted(site: Site) -> None:
    page = site.open("/strategies")
    form = _form(page, "均线金叉")
    form.get_by_label("每边费率 %").fill("50")
    form.get_by_role("button", name="开始回测").click()
    expect(form.get_by_role("alert")).to_have_text("0 到 10 之间。")
    form.get_by_label("每边费率 %").fill("0.1")
    form.get_by_label("从", exact=True).fill("2018-12-01")
    row = _run(page, form, "FAILED")
    expect(row).to_contain_text("K 线太少。")
    failed = site.newest()["id"]
    page.get_by_role("button", name=f"删除 均线金叉 {failed}").click()
    page.get_by_role("dialog").get_by_role("button", name="删除").click()
    expect(page.get_by_role("button", name=f"删除 均线金叉 {failed}")).to_have_count(0)
    page.goto(f"{site.address}/backtests/{failed}")
    expect(page.get_by_role("heading", name="没有这次回测")).to_be_visible()
    page.close()


def test_a_run_under_way_can_be_cancelled(site: Site) -> None:
    page = site.open("/strategies")
    form = _form(page, "通道突破")
    form.get_by_role("button", name="开始回测").click()
    page.get_by_role("button", name=re.compile("^取消 通道突破")).click()
    row = page.get_by_role("table", name="回测").get_by_role("row").nth(1)
    expect(row.locator("[data-status]")).to_have_attribute("data-status", "CANCELLED", timeout=60_000)
    page.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_fit_the_screen_speak_english_and_name_their_controls(site: Site, size: tuple[int, int]) -> None:
    done = [run["id"] for run in site.ask("/backtest/results")["items"] if run["status"] == "DONE"]
    page = site.open("/journal", size)
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.get_by_role("button", name=re.compile("设置|Settings")).click()
    page.get_by_role("radio", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    paths = (
        "/strategies",
        "/strategies/reversion/pairs",
        "/strategies/no/such",
        "/backtests",
        f"/backtests/{done[0]}",
        f"/backtests/compare?ids={','.join(done[:2])}",
    )
    for path in paths:
        page.goto(site.address + path)
        expect(page.get_by_role("main").get_by_role("heading").first).to_be_attached(timeout=BUSY_MS)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(NAMELESS) == [], path
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide"
        assert not re.search("[\u4e00-\u9fff]{2}", page.get_by_role("main").inner_text()), path
    assert heard == []
    page.goto(site.address + "/journal")
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("radio", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    page.close()
