"""The pages in a real browser, on a fresh platform that has only its own sample bars: what a person sees first."""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, PHONE, open_browser, run_platform

pytestmark = pytest.mark.browser

PAGES = (
    "/",
    "/sessions",
    "/strategies",
    "/backtests",
    "/optimise",
    "/passport",
    "/factors",
    "/tickets",
    "/account",
    "/sources",
    "/journal",
)
# Everything a person can press or fill in has a name that a screen reader can say.
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, [role=switch], [role=tab]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""


@dataclass
class Site:
    """A running platform and one browser window that is signed in to it; each test opens a tab of its own."""

    address: str
    window: BrowserContext

    @contextlib.contextmanager
    def tab(self, path: str, size: tuple[int, int] = DESKTOP) -> Iterator[Page]:
        page = self.window.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(self.address + path)
        try:
            expect(page.get_by_role("navigation").first).to_be_visible(timeout=20_000)
            yield page
        finally:
            page.close()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a platform with an empty home."""
    with run_platform(tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    yield from open_browser()


@pytest.fixture(scope="module")
def site(platform: str, browser: Browser) -> Iterator[Site]:
    """Goes through the first run once, as a person does, and waits for the sample bars."""
    window = browser.new_context(locale="zh-CN", viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page = window.new_page()
    page.goto(platform)
    expect(page.get_by_role("heading", name="先看懂图，再下单")).to_be_visible()
    page.get_by_label("本机密码").fill("short")
    page.get_by_role("button", name="进入看盘").click()
    expect(page.get_by_role("alert")).to_have_text("还差 7 位。")
    page.get_by_role("radio", name="绿涨红跌").click()
    expect(page.locator("html")).to_have_attribute("data-updown", "green-up")
    page.get_by_role("radio", name="红涨绿跌").click()
    page.get_by_label("本机密码").fill(PASSWORD)
    page.get_by_role("button", name="进入看盘").click()
    expect(page.get_by_test_id("symbol")).to_be_visible(timeout=60_000)
    page.close()
    yield Site(platform, window)
    window.close()


def _set_look(page: Page, *, locale: str, theme: str) -> None:
    page.get_by_role("button", name=re.compile("设置|Settings")).click()
    page.get_by_role("radio", name="English" if locale == "en" else "中文").click()
    page.get_by_role("radio", name=re.compile("^(浅色|Light)$" if theme == "light" else "^(深色|Dark)$")).click()
    page.keyboard.press("Escape")
    expect(page.locator("html")).to_have_attribute("lang", locale)
    expect(page.locator("html")).to_have_attribute("data-theme", theme)


@pytest.fixture
def chinese(site: Site) -> Iterator[None]:
    """Whatever a test does to the look of the page, the next one finds it in Chinese and dark."""
    yield
    with site.tab("/journal") as page:
        _set_look(page, locale="zh-CN", theme="dark")


def _complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("console", lambda message: heard.append(message.text) if message.type == "error" else None)
    return heard


def _settled(page: Page) -> None:
    """The chart has its bars, or the page its navigation."""
    expect(page.get_by_role("navigation").first).to_be_visible(timeout=20_000)
    if page.locator("[data-feed]").count():
        expect(page.locator("[data-feed]")).to_have_attribute("data-feed", "ready", timeout=20_000)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(("locale", "theme"), [("zh-CN", "dark"), ("en", "light")])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_page_opens_without_a_complaint_and_names_its_controls(
    site: Site, size: tuple[int, int], locale: str, theme: str
) -> None:
    with site.tab("/journal", size) as page:
        _set_look(page, locale=locale, theme=theme)
        heard = _complaints(page)
        for path in PAGES:
            page.goto(site.address + path)
            _settled(page)
            assert page.evaluate(NAMELESS) == [], path
            overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert overflow <= 0, f"{path} is {overflow} px too wide"
            if locale == "en":
                # The platform names its own sources in both languages; everything else on the page is English.
                seen = re.sub("内置样例|本地文件", "", page.locator("main").inner_text())
                assert not re.search("[\u4e00-\u9fff]{2}", seen), path
        assert heard == []


def test_the_chart_shows_real_sample_bars_and_their_structure(site: Site) -> None:
    with site.tab("/") as page:
        _settled(page)
        expect(page.get_by_test_id("sentence")).not_to_have_text("还没有成笔", timeout=30_000)
        expect(page.get_by_role("listbox", name="自选").get_by_role("option").first).to_be_visible(timeout=20_000)
        assert page.locator("canvas").first.evaluate("c => c.width > 100 && c.height > 100")


def test_a_layer_that_is_switched_off_stays_off_after_a_reload(site: Site) -> None:
    with site.tab("/") as page:
        _settled(page)
        page.get_by_role("button", name="展开交易工具").click()
        switch = page.get_by_role("switch", name="中枢")
        expect(switch).to_be_checked()
        switch.click()
        page.reload()
        _settled(page)
        page.get_by_role("button", name="展开交易工具").click()
        expect(switch).not_to_be_checked()
        switch.click()


def test_the_command_box_opens_by_key_and_goes_where_it_is_told(site: Site) -> None:
    with site.tab("/") as page:
        _settled(page)
        page.keyboard.press("Control+k")
        page.get_by_role("combobox").fill("数据源")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="数据源", exact=True)).to_be_visible()


def test_a_folder_that_cannot_be_read_says_so_and_can_be_removed(site: Site) -> None:
    with site.tab("/sources") as page:
        page.get_by_role("button", name="新建数据源").first.click()
        form = page.get_by_role("dialog", name="新建数据源")
        form.get_by_label("名称").fill("旧硬盘")
        form.get_by_label("类型").select_option("FILES")
        form.get_by_label("文件夹").fill("not/there")
        form.get_by_role("button", name="保存").click()
        card = page.get_by_role("article", name="旧硬盘")
        expect(card).to_be_visible()
        card.get_by_role("button", name="测试").click()
        expect(card.get_by_role("status")).to_contain_text("连不上")
        card.get_by_role("button", name="删除 旧硬盘").click()
        page.get_by_role("dialog", name="删除").get_by_role("button", name="删除").click()
        expect(card).to_have_count(0)


def test_a_broken_file_names_its_line_and_imports_nothing(site: Site, tmp_path: Path) -> None:
    broken = tmp_path / "bars.csv"
    broken.write_text("ts,open,high,low,close,volume\n1672531200,1,2,0.5,1.5,10\n1672531260,1,two,0.5,1.5,10\n")
    with site.tab("/sources") as page:
        page.get_by_label("品种", exact=True).fill("BROKEN/USDT@binance")
        page.get_by_label("周期").select_option("1m")
        page.get_by_label("选择文件").set_input_files(broken)
        page.get_by_role("button", name="导入", exact=True).click()
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("文件没有导入")
        expect(alert).to_contain_text("line 3")
        page.reload()
        expect(page.get_by_role("table", name="已有序列")).to_be_visible()
        expect(page.get_by_text("BROKENUSDT")).to_have_count(0)


def test_logging_out_returns_to_the_login_page_and_the_password_leads_back(site: Site) -> None:
    with site.tab("/account") as page:
        page.get_by_role("button", name="设置").click()
        page.get_by_role("button", name="退出登录").click()
        expect(page.get_by_role("heading", name="欢迎回来")).to_be_visible()
        page.get_by_label("本机密码").fill("not-the-password-at-all")
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("alert")).to_be_visible(timeout=20_000)
        page.get_by_label("本机密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        # A password is made slow to check on purpose, and slower still on a busy machine.
        expect(page.get_by_role("navigation", name="主导航")).to_be_visible(timeout=20_000)
