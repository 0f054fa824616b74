"""The journey of a person who reads structures: several levels on real Bitcoin bars, why something is there or is not,
how far it can be trusted, what was known at a bar of a replay, and which symbols answer a question.
"""

import json
import re
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.journeys.site import DESKTOP, PASSWORD, PHONE, open_browser, run_platform

pytestmark = [pytest.mark.browser, pytest.mark.data]

BITCOIN = "BTC/USDT@binance"
COMPILING_MS = 300_000
UNDER_POINTER = """([x, y]) => {
  for (let e = document.elementFromPoint(x, y); e; e = e.parentElement) if (e.style.cursor === 'pointer') return true;
  return false;
}"""
NAMELESS = """() => [...document.querySelectorAll('button, a[href], input, select, [role=switch], [role=checkbox]')]
  .filter(e => e.getClientRects().length)
  .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim()))
  .map(e => e.outerHTML.slice(0, 160))"""


@dataclass
class Site:
    """A running platform with Bitcoin's bars, a signed-in window, and the same person over HTTP."""

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
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=300) as answer:
            return json.loads(answer.read() or b"null")

    def structure(self, **more: object) -> Any:
        query = "&".join(f"{name}={value}" for name, value in {"timeframe": "30m", **more}.items())
        return self.ask(f"/chan/structure?instrument={BITCOIN}&{query}")


@pytest.fixture(scope="module")
def site(test_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("bars") / "crypto" / "binance" / "BTCUSDT"
    folder.mkdir(parents=True)
    for timeframe in ("30m", "4h", "1d"):
        source = test_data / "data" / "bars" / "crypto" / "binance" / "BTCUSDT" / f"{timeframe}.parquet"
        (folder / source.name).write_bytes(source.read_bytes())
    home = tmp_path_factory.mktemp("home")
    for browser in open_browser():
        with run_platform(home, data_dir=folder.parents[2]) as address:
            yield _signed_in(address, browser)


def _signed_in(address: str, browser: Browser) -> Site:
    window = browser.new_context(locale="zh-CN", viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    page = window.new_page()
    page.goto(address)
    page.get_by_label("本机密码").fill(PASSWORD)
    page.get_by_role("button", name="进入看盘").click()
    expect(page.get_by_test_id("symbol")).to_have_text("BTCUSDT", timeout=60_000)
    body = json.dumps({"password": PASSWORD, "remember": "body"}).encode()
    login = urllib.request.Request(f"{address}/api/v1/auth/login", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(login, timeout=30) as answer:
        token = json.loads(answer.read())["access_token"]
    page.close()
    return Site(address, window, token)


def _chart(site: Site) -> Page:
    page = site.open("/?symbol=BTCUSDT&tf=30m")
    expect(page.locator("[data-feed=ready]")).to_be_visible(timeout=30_000)
    expect(_structure(page).get_by_text("笔数")).to_be_visible(timeout=COMPILING_MS)
    return page


def _structure(page: Page) -> Locator:
    return page.get_by_role("tabpanel", name="结构")


def _clickable(page: Page, *, most: int) -> list[tuple[float, float]]:
    """Places on the chart where the pointer says that a click means something, at least a little apart."""
    box = page.get_by_role("img", name=re.compile("^K 线图")).bounding_box()
    assert box is not None
    found: list[tuple[float, float]] = []
    for row in range(25, 60):
        y = box["y"] + box["height"] * row / 100
        for column in range(20, 130):
            x = box["x"] + box["width"] * column / 200
            if any(abs(x - a) < 24 and abs(y - b) < 24 for a, b in found):
                continue
            page.mouse.move(x, y)
            if page.evaluate(UNDER_POINTER, [x, y]):
                found.append((x, y))
                if len(found) == most:
                    return found
    return found


def _number(value: str) -> str:
    """A price as the page writes it."""
    return f"{float(value):,.2f}"


def test_levels_and_configuration_are_chosen_once_and_stay(site: Site) -> None:
    page = _chart(site)
    levels = page.get_by_role("group", name="级别")
    expect(levels.get_by_role("checkbox", name="笔", exact=True)).to_be_checked()
    expect(levels.get_by_role("checkbox", name="线段", exact=True)).to_be_checked()
    levels.get_by_role("checkbox", name="4h").click()
    levels.get_by_role("checkbox", name="大线段").click()
    page.get_by_role("button", name="配置: CN-STRICT-1").click()
    page.get_by_role("radio", name="czsc-6").click()
    strict, loose = site.structure(), site.structure(config="czsc-6")
    assert strict["strokes"][-1]["n"] != loose["strokes"][-1]["n"]
    expect(_structure(page).get_by_text(f"笔 {loose['strokes'][-1]['n']}")).to_be_visible(timeout=60_000)

    page.reload()
    expect(_structure(page).get_by_text(f"笔 {loose['strokes'][-1]['n']}")).to_be_visible(timeout=60_000)
    expect(page.get_by_label("状态", exact=True)).to_contain_text("czsc-6")
    for name in ("4h", "大线段"):
        expect(levels.get_by_role("checkbox", name=name)).to_be_checked()
        levels.get_by_role("checkbox", name=name).click()
    page.get_by_role("button", name="配置: czsc-6").click()
    page.get_by_role("radio", name="CN-STRICT-1").click()
    expect(_structure(page).get_by_text(f"笔 {strict['strokes'][-1]['n']}")).to_be_visible(timeout=60_000)
    page.close()


def test_a_point_and_a_segment_end_say_why_they_are_there_and_since_when(site: Site) -> None:
    page = _chart(site)
    drawn = site.structure()
    point = max(drawn["points"], key=lambda row: row["ts"])
    told = site.ask(f"/chan/explain?instrument={BITCOIN}&timeframe=30m&layer=point&n={point['n']}")
    _structure(page).get_by_role("button", name=re.compile(f"^{point['kind']} ")).click()
    panel = page.get_by_role("region", name="解释")
    expect(panel).to_contain_text(_number(point["price"]))
    expect(panel.get_by_role("table", name="规则").get_by_role("row")).to_have_count(len(told["checks"]) + 1)
    for words in ("首次出现", "确认", "不再变", "CN-STRICT-1"):
        expect(panel).to_contain_text(words)

    segment = next(row for row in reversed(drawn["segments"]) if row["last_line"] - row["first_line"] >= 2)
    _structure(page).get_by_role("button", name=f"线段 {segment['n']}").click()
    expect(panel).to_contain_text(f"{_number(segment['start_price'])} → {_number(segment['end_price'])}")
    told = site.ask(f"/chan/explain?instrument={BITCOIN}&timeframe=30m&layer=segment&n={segment['n']}")
    for place, element in enumerate(told["elements"], 1):
        expect(panel).to_contain_text(f"元素 {place} · 笔 {', '.join(map(str, element['lines']))}")
    page.keyboard.press("Escape")
    expect(panel).to_have_count(0)
    page.close()


def test_a_click_on_the_chart_explains_what_it_hits(site: Site) -> None:
    page = _chart(site)
    (spot,) = _clickable(page, most=1)
    page.mouse.click(*spot)
    panel = page.get_by_role("region", name="解释")
    expect(panel).to_contain_text("生命周期", timeout=20_000)
    page.close()


def test_two_fractals_say_why_there_is_no_stroke_between_them(site: Site) -> None:
    page = _chart(site)
    page.get_by_role("button", name="为什么没有笔").click()
    panel = page.get_by_role("region", name="解释")
    expect(panel).to_contain_text("点图上的一个分型")
    first, second, *_ = _clickable(page, most=2)
    page.mouse.click(*first)
    expect(panel).to_contain_text("再点一个分型")
    page.mouse.click(*second)
    expect(panel.get_by_role("table", name="规则")).to_be_visible(timeout=20_000)
    expect(panel.get_by_text(re.compile("顶分型|底分型")).first).to_be_visible()
    page.close()


def test_the_repaint_card_counts_what_the_series_took_back(site: Site) -> None:
    page = _chart(site)
    _structure(page).get_by_role("button", name="重绘").click()
    card = page.get_by_role("dialog", name=re.compile("^重绘"))
    card.get_by_role("button", name="量一量").click()
    expect(card.get_by_role("table", name="重绘")).to_be_visible(timeout=COMPILING_MS)
    measured = site.ask(f"/chan/repaint?instrument={BITCOIN}&timeframe=30m")
    rows = {(row["kind"], row["stage"]): row for row in measured["rows"] if row["level"] == 0}
    shown, settled = rows["all", "shown"], rows["all", "settled"]
    gone = shown["withdrawn"] - settled["withdrawn"]
    assert 0 < gone < shown["published"]
    expect(card).to_contain_text(f"出现过 {shown['published']} 个 买卖点，{gone} 个在所在的线定下之前消失")
    expect(card.get_by_role("row", name=re.compile("^B1 "))).to_contain_text(str(rows["B1", "shown"]["published"]))
    page.close()


def test_a_replay_shows_and_explains_every_level_as_known_at_its_bar(site: Site) -> None:
    page = _chart(site)
    page.get_by_role("button", name="开始模拟").first.click()
    dialog = page.get_by_role("dialog", name="开始模拟")
    dialog.get_by_label("周期").select_option("30m")
    dialog.get_by_role("radio", name="×20", exact=True).click()
    dialog.get_by_role("button", name="开始", exact=True).click()
    expect(dialog).to_be_hidden(timeout=60_000)
    expect(page.get_by_test_id("replay-progress")).to_have_text(re.compile(r"^[1-9]\d+ /"), timeout=COMPILING_MS)
    page.get_by_role("button", name="暂停").click()
    expect(page.get_by_role("button", name="播放")).to_be_visible()
    page.get_by_role("button", name="前进一根").click()

    replay = site.ask("/replays")["items"][0]
    now, known = site.structure(), site.structure(replay_id=replay["id"])
    assert known["as_of_ms"] < now["as_of_ms"]
    panel = _structure(page)
    expect(panel.get_by_text(f"笔 {known['strokes'][-1]['n']}", exact=True)).to_be_visible(timeout=20_000)
    segment = next(row for row in reversed(known["segments"]) if row["last_line"] - row["first_line"] >= 2)
    panel.get_by_role("button", name=f"线段 {segment['n']}").click()
    explained = page.get_by_role("region", name="解释")
    expect(explained).to_contain_text(_number(segment["end_price"]))
    expect(explained).to_contain_text("生命周期")
    page.get_by_role("button", name="退出回放").click()
    page.close()


def test_a_screen_finds_what_the_platform_finds_and_leads_to_its_chart(site: Site) -> None:
    page = site.open("/screener")
    page.get_by_label("周期").select_option("1d")
    page.get_by_label("最近").select_option("100")
    page.get_by_role("button", name="且: 最新一条").click()
    second = page.get_by_role("group", name="条件 2")
    second.get_by_label("级别").select_option("stroke")
    page.get_by_role("button", name="去掉条件 2").click()
    page.get_by_role("button", name=re.compile("^买卖点:")).click()
    for kind in ("S1", "S1p", "S2", "S2s", "S3a", "S3b", "B3a", "B3b"):
        page.get_by_role("checkbox", name=kind, exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="筛选", exact=True).click()
    expect(page.get_by_test_id("screen-progress")).to_have_attribute("data-status", "DONE", timeout=COMPILING_MS)
    kinds = ["B1", "B1p", "B2", "B2s", "B3a", "B3b", "S1", "S1p", "S2", "S2s", "S3a", "S3b"]
    condition = {"timeframe": "1d", "level": "stroke", "point": kinds, "within_bars": 100, "stage": "shown"}
    run = site.ask("/chan/screens", {"query": {"conditions": [condition]}})
    while run["status"] in ("QUEUED", "RUNNING"):
        run = site.ask(f"/chan/screens/{run['id']}")
    rows = page.get_by_role("listbox", name="筛选结果").get_by_role("option")
    assert run["matched"] > 0
    expect(rows).to_have_count(run["matched"])
    expect(page.get_by_role("region", name="预览")).to_contain_text("为什么符合")

    page.get_by_role("button", name="保存", exact=True).click()
    keep = page.get_by_role("dialog", name="保存这次筛选")
    keep.get_by_label("名称").fill("任何买卖点")
    keep.get_by_role("switch", name="收盘后提醒").click()
    keep.get_by_role("button", name="保存", exact=True).click()
    expect(keep).to_be_hidden()
    (saved,) = site.ask("/chan/screens/saved")
    assert saved["name"] == "任何买卖点"
    assert saved["alert"]
    page.get_by_role("button", name=re.compile("^已保存的筛选")).click()
    page.get_by_role("button", name="删除 任何买卖点").click()
    page.get_by_role("dialog", name="删除 任何买卖点").get_by_role("button", name="删除 任何买卖点").click()
    page.keyboard.press("Escape")

    match = run["matches"][0]
    rows.filter(has_text=match["alias"]).click()
    page.get_by_role("button", name="打开看盘").click()
    expect(page.get_by_test_id("symbol")).to_have_text(match["alias"])
    expect(page.get_by_role("radio", name="1d", exact=True)).to_be_checked()
    assert site.ask("/chan/screens/saved") == []
    page.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_screener_names_its_controls_and_fits_the_screen(site: Site, size: tuple[int, int]) -> None:
    page = site.open("/screener", size)
    heard: list[str] = []
    page.on("pageerror", lambda error: heard.append(str(error)))
    for kind in ("收盘在中枢", "最新一条", "力度比"):
        page.get_by_role("button", name=f"且: {kind}").click()
    assert page.evaluate(NAMELESS) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0
    assert heard == []
    page.close()


def test_on_a_phone_a_point_is_explained_in_the_sheet(site: Site) -> None:
    page = site.open("/?symbol=BTCUSDT&tf=30m", PHONE)
    expect(page.locator("[data-feed=ready]")).to_be_visible(timeout=30_000)
    point = max(site.structure()["points"], key=lambda row: row["ts"])
    page.get_by_role("button", name="交易面板").click()
    page.get_by_role("button", name=re.compile(f"^{point['kind']} ")).click(timeout=COMPILING_MS)
    sheet = page.get_by_role("dialog", name="解释")
    expect(sheet).to_contain_text(_number(point["price"]))
    expect(sheet).to_contain_text("首次出现")
    page.close()
