"""The journey of somebody whose share went ex-dividend: bring the ex-dates in, see them on the chart, and choose in
which prices the bars are drawn."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, open_browser, run_platform

pytestmark = pytest.mark.browser

BUSY_MS = 30_000
ACTIONS = "symbol,ex_date,cash\n600519,2024-01-24,150\nNOBODY,2024-01-24,1\n"


def _bars(folder: Path) -> None:
    """Sessions at 1500, and at 1350 from the ex-date on."""
    folder.mkdir(parents=True)
    days = (datetime(2024, 1, 2, tzinfo=UTC) + timedelta(days=n) for n in range(42))
    rows = ["ts,open,high,low,close,volume"]
    for day in days:
        if day.weekday() < 5:
            price = 1500 if day < datetime(2024, 1, 24, tzinfo=UTC) else 1350
            rows.append(f"{day:%Y-%m-%d},{price},{price + 10},{price - 10},{price},1000")
    (folder / "1d.csv").write_text("\n".join(rows) + "\n")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, BrowserContext]]:
    bars = tmp_path_factory.mktemp("bars")
    _bars(bars / "equity_cn" / "sse_szse" / "SH600519")
    for browser in open_browser():
        with run_platform(tmp_path_factory.mktemp("home"), data_dir=bars) as address:
            window = browser.new_context(locale="zh-CN", viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
            page = window.new_page()
            page.goto(address)
            page.get_by_label("本机密码").fill(PASSWORD)
            page.get_by_role("button", name="进入看盘").click()
            expect(page.get_by_test_id("symbol")).to_be_visible(timeout=60_000)
            _await_share(page, address)
            page.close()
            yield address, window
            window.close()


def _await_share(page: Page, address: str) -> None:
    """The folder comes in on its own, shortly after the samples."""
    until = time.monotonic() + BUSY_MS / 1000
    while time.monotonic() < until:
        page.goto(f"{address}/sources")
        series = page.get_by_role("table", name="已有序列")
        expect(series.get_by_role("row").nth(1)).to_be_visible(timeout=BUSY_MS)
        if series.get_by_text("SH600519").count():
            return
        time.sleep(0.5)
    pytest.fail("the folder's share did not come in")


def test_ex_dates_come_in_and_the_chart_is_drawn_in_the_prices_chosen(
    home: tuple[str, BrowserContext], tmp_path: Path
) -> None:
    address, window = home
    expect.set_options(timeout=BUSY_MS)
    page = window.new_page()
    page.goto(f"{address}/sources")
    page.get_by_role("button", name="体检 SH600519 1d").click()
    page.get_by_role("dialog").get_by_label("价格").select_option("RAW")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="除权除息").click()
    actions = tmp_path / "actions.csv"
    actions.write_text(ACTIONS)
    page.get_by_label("选择文件").set_input_files(actions)
    page.get_by_role("button", name="导入", exact=True).click()
    card = page.get_by_role("region", name="导入文件")
    expect(card.get_by_role("status")).to_contain_text("1 条新增")
    expect(card.get_by_role("status")).to_contain_text("没有存：NOBODY")
    card.get_by_label("品种").select_option("600519@XSHG")
    expect(card.get_by_role("listitem")).to_contain_text("每股派 150")

    page.goto(f"{address}/?symbol=SH600519&tf=1d")
    legend = page.get_by_role("group", name="图例")
    chart = page.get_by_role("region", name="K 线图")
    legend.get_by_role("button", name="复权: 不复权").click()
    expect(page.get_by_role("dialog", name="复权")).to_contain_text("已知 1 个除权日")
    page.get_by_role("radio", name="后复权").click()
    expect(chart).to_contain_text(re.compile(r"收\s*1,500\.00"))
    page.reload()
    expect(legend.get_by_role("button", name="复权: 后复权")).to_be_visible()
    legend.get_by_role("button", name="复权: 后复权").click()
    page.get_by_role("radio", name="前复权到某日").click()
    page.get_by_role("dialog", name="复权").get_by_label("到", exact=True).fill("2024-01-10")
    page.keyboard.press("Tab")
    expect(legend.get_by_role("button", name="复权: 前复权到某日 2024-01-10")).to_be_visible()
    expect(page.get_by_role("dialog", name="复权")).to_contain_text("右边不是成交价")
    page.get_by_role("radio", name="不复权").click()
    expect(chart).to_contain_text(re.compile(r"收\s*1,350\.00"))
    page.close()
    expect.set_options(timeout=5_000)
