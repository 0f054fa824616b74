"""The journey of somebody who lets a strategy look at the market: bound its risk, run it, read its signal, execute it
and find the order; and what may be set of a strategy besides."""

import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, PHONE, open_browser, run_platform

pytestmark = pytest.mark.browser

BUSY_MS = 20_000
COMPILING_MS = 300_000
INDEX = "SPX@XCBO"
GOLDEN = "/strategies/trend/golden_cross"
# The average of 50 days rose above that of 200 on 2016-04-25; this is the session after it.
AFTER_CROSSING = 1_461_628_800_000
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, summary, [role=switch]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""


@dataclass
class Site:
    """A running platform with its own sample bars, a replay with an account, and the same person over HTTP."""

    address: str
    window: BrowserContext
    token: str
    account: str = ""

    def open(self, path: str, size: tuple[int, int] = DESKTOP) -> Page:
        page = self.window.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(self.address + path)
        expect(page.get_by_role("navigation").first).to_be_visible(timeout=BUSY_MS)
        return page

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return _ask(f"{self.address}/api/v1{path}", body, token=self.token)


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
            window = browser.new_context(locale="zh-CN")
            page = window.new_page()
            page.goto(address)
            page.get_by_label("本机密码").fill(PASSWORD)
            page.get_by_role("button", name="进入看盘").click()
            expect(page.get_by_test_id("symbol")).to_be_visible(timeout=60_000)
            page.close()
            login = _ask(f"{address}/api/v1/auth/login", {"password": PASSWORD, "remember": "body"})
            site = Site(address, window, login["access_token"])
            _await_bars(site)
            asked = {"instrument": INDEX, "timeframe": "1d", "start_ts": AFTER_CROSSING, "cash": "100000"}
            site.account = site.ask("/replays", asked | {"speed": 1})["account_id"]
            yield site
            window.close()


def _await_bars(site: Site) -> None:
    """The samples come in one series after the other."""
    until = time.monotonic() + 60
    while True:
        found = [one for one in site.ask("/market/instruments?limit=200")["items"] if one["symbol"] == INDEX]
        if any(series["timeframe"] == "1d" for one in found for series in one["series"]):
            return
        assert time.monotonic() < until, "the sample bars did not come in"
        time.sleep(0.2)


def _risk(page: Page, share: str) -> None:
    page.get_by_label("单个品种最多 %").fill(share)
    page.get_by_role("region", name="风险").get_by_role("button", name="保存").click()
    expect(page.get_by_text("风险已更新。")).to_be_visible()


def _run(page: Page, site: Site) -> Locator:
    """The newest row of the history once the run has ended."""
    page.get_by_role("button", name="立即运行").click()
    form = page.get_by_role("dialog", name=re.compile("^立即运行"))
    form.get_by_label("账户").select_option(site.account)
    if form.get_by_role("button", name="去掉 SPX").count() == 0:
        form.get_by_label("加一个品种").select_option(INDEX)
    form.get_by_label("周期").select_option("1d")
    form.get_by_role("button", name="运行", exact=True).click()
    expect(form).to_be_hidden(timeout=BUSY_MS)
    row = page.get_by_role("table", name="运行记录").get_by_role("row").nth(1)
    expect(row.locator("[data-status]")).to_have_attribute("data-status", "COMPLETED", timeout=COMPILING_MS)
    return row


def test_a_strategys_run_brings_a_signal_whose_order_stands_among_the_orders(site: Site) -> None:
    page = site.open("/signals")
    expect(page.get_by_role("heading", name="还没有信号")).to_be_visible(timeout=BUSY_MS)
    page.get_by_role("button", name="去看策略").click()
    page.get_by_role("region", name="趋势").get_by_role("link", name="均线金叉").click()
    _risk(page, "10")
    _run(page, site).get_by_role("link", name="1 个信号").click()
    listed = page.get_by_role("table", name="信号").get_by_role("row").nth(1)
    expect(listed).to_contain_text("短均线上穿长均线")
    listed.get_by_role("button", name=re.compile("^查看 SPX")).click()
    detail = page.get_by_role("complementary", name="信号详情")
    detail.get_by_role("button", name="校验").click()
    expect(detail.get_by_role("region", name="校验")).to_contain_text("风控逐步通过")
    detail.get_by_role("button", name="执行").click()
    expect(detail.get_by_role("region", name="委托")).to_contain_text("买入")
    expect(listed).to_contain_text("已执行")
    detail.get_by_role("button", name="看委托").click()
    page.get_by_role("tab", name=re.compile("^挂单")).click()
    expect(page.get_by_role("table", name="挂单").get_by_role("row").nth(1)).to_contain_text("SPX")
    (signal,) = site.ask("/signals")["items"]
    (order,) = site.ask(f"/trading/orders?account_id={site.account}&status=open")["items"]
    assert (signal["order_id"], signal["weight"]) == (order["id"], 0.1)
    page.close()


def test_ones_own_strategy_says_in_a_batch_why_its_signal_makes_no_order(site: Site) -> None:
    page = site.open(GOLDEN)
    page.get_by_role("button", name="另存为我的").click()
    form = page.get_by_role("dialog", name=re.compile("^另存为我的"))
    form.get_by_label("名称").fill("我的金叉")
    form.get_by_role("button", name="另存为我的").click()
    expect(page.get_by_role("heading", name="我的金叉")).to_be_visible(timeout=BUSY_MS)
    _risk(page, "50")
    _run(page, site).get_by_role("link", name="1 个信号").click()
    expect(page.get_by_role("list", name="几个策略合起来")).to_contain_text("意见一致")
    page.get_by_role("checkbox", name="全选待执行的").check()
    page.get_by_role("button", name="执行所选 1 个").click()
    told = page.get_by_role("dialog", name="执行结果")
    expect(told).to_contain_text("1 个里 0 个已下单")
    expect(told).to_contain_text("单笔超过账户上限")
    page.close()


def test_parameters_become_versions_and_a_strategy_that_is_off_does_not_run(site: Site) -> None:
    page = site.open(GOLDEN)
    params = page.get_by_role("region", name="参数")
    params.get_by_label("短期均线（根）").fill("900")
    params.get_by_role("button", name="存成新版本").click()
    expect(params.get_by_role("alert")).to_have_text("不大于 500。")
    params.get_by_label("短期均线（根）").fill("40")
    params.get_by_label("改了什么").fill("快一点")
    params.get_by_role("button", name="存成新版本").click()
    newest = page.get_by_role("list", name="版本").get_by_role("listitem").first
    expect(newest).to_contain_text(re.compile("第 2 版.*50 → 40.*快一点"))
    switch = page.get_by_role("switch", name="启用 均线金叉")
    switch.click()
    expect(page.get_by_role("button", name="立即运行")).to_be_disabled()
    switch.click()
    expect(page.get_by_role("button", name="立即运行")).to_be_enabled()
    assert site.ask(GOLDEN.replace("trend/", "trend%2F"))["current_params"] == {"fast": 40, "slow": 200}
    page.close()


def test_a_schedule_is_said_in_words_and_the_switch_that_says_no_is_named(site: Site) -> None:
    page = site.open(GOLDEN)
    page.get_by_role("button", name="设定时").click()
    form = page.get_by_role("dialog", name=re.compile("^定时运行"))
    form.get_by_role("radio", name="按时间").click()
    form.get_by_label("分 时 日 月 周").fill("5 25 * * *")
    expect(form.get_by_role("alert")).to_contain_text("写五段")
    form.get_by_label("分 时 日 月 周").fill("30 9 * * 1-5")
    form.get_by_label("时区").select_option("Asia/Shanghai")
    form.get_by_label("账户").select_option(site.account)
    form.get_by_role("button", name="保存").click()
    expect(form).to_be_hidden(timeout=BUSY_MS)
    card = page.get_by_role("region", name="定时运行")
    expect(card).to_contain_text("30 9 * * 1-5（Asia/Shanghai）")
    expect(card).to_contain_text(re.compile(r"下一次 \d{4}-\d\d-\d\d 09:30 Asia/Shanghai"))
    auto = page.get_by_role("region", name="自动执行")
    expect(auto.get_by_role("status")).to_contain_text("“我同意这个账户自动下单”这一项不同意")
    auto.get_by_role("switch", name="我同意这个账户自动下单").click()
    expect(auto.get_by_role("status")).to_contain_text("“策略允许自动执行”这一项不同意")
    auto.get_by_role("switch", name="策略允许自动执行").click()
    expect(auto.get_by_role("status")).to_contain_text("每一项都同意")
    card.get_by_role("button", name="不再定时").click()
    expect(card).to_contain_text("只在手动时运行。")
    page.close()


def _speak(page: Page, language: str, lang: str) -> None:
    """Choose a language, and wait until the platform has kept it."""
    page.get_by_role("button", name=re.compile("设置|Settings")).click()
    with page.expect_response(lambda answer: answer.request.method in ("PUT", "PATCH") and answer.ok):
        page.get_by_role("radio", name=language).click()
    expect(page.locator("html")).to_have_attribute("lang", lang)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_pages_fit_the_screen_speak_english_and_name_their_controls(site: Site, size: tuple[int, int]) -> None:
    signal = site.ask("/signals")["items"][-1]["id"]
    page = site.open("/journal", size)
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    _speak(page, "English", "en")
    for path in ("/strategies", GOLDEN, "/signals", f"/signals?id={signal}"):
        page.goto(site.address + path)
        expect(page.get_by_role("main").get_by_role("heading").first).to_be_attached(timeout=BUSY_MS)
        page.wait_for_load_state("networkidle")
        assert page.evaluate(NAMELESS) == [], path
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{path} is {overflow} px too wide"
        # What a person wrote stays as they wrote it.
        seen = re.sub("我的金叉|快一点", "", page.get_by_role("main").inner_text())
        assert not re.search("[\u4e00-\u9fff]{2}", seen), path
    expect(page.get_by_label("Signal", exact=True).get_by_role("region", name="Order")).to_contain_text("Buy")
    assert heard == []
    page.goto(site.address + "/journal")
    _speak(page, "中文", "zh-CN")
    page.close()
