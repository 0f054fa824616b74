"""What the pages show is what happens: their Python runs and prints what they say, and so do their commands."""

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from alphaloop.core.order import OrderSide, OrderStatus, OrderType, VenueOrder
from alphaloop.core.plugins import load_file
from alphaloop.entrypoints.cli import app
from tests.builders import BTC, D
from tests.docs.pages import DOCS, ROOT, blocks, text_of

# Pages whose code is a file to be put somewhere: their own tests do that.
FILES = {"docs/how-to/add-a-strategy.md", "docs/how-to/add-a-feed.md", "docs/how-to/add-a-venue.md"}
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]
    if "```python" in path.read_text(encoding="utf-8")
)


def shown(page: str) -> list[tuple[str, str | None]]:
    """(code, what the page says it prints) for each Python block; None where it says nothing."""
    found = re.findall(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", text_of(page), re.DOTALL | re.MULTILINE)
    return [(code, printed or None) for code, printed in found]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in FILES])
def test_the_python_of_a_page_runs_and_prints_what_the_page_says(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for code, printed in shown(page):
        exec(compile(code, page, "exec"), {})
        out = capsys.readouterr().out
        if printed is not None:
            assert out.splitlines() == printed.splitlines()


def test_the_eight_lines_of_the_readme_are_the_example() -> None:
    (code,) = blocks("README.md", "python")
    assert len(code.strip().splitlines()) == 8, "an import, a blank line and the six that work"
    assert text_of("examples/eight_lines.py").endswith(code)


def test_both_languages_of_the_readme_say_as_much() -> None:
    english, _, chinese = text_of("README.md").partition("## 中文")
    commands = re.findall(r"^script/\w+", english, re.MULTILINE)
    assert commands == re.findall(r"^script/\w+", chinese, re.MULTILINE) == ["script/server", "script/test"]
    for part in (english.partition("## What works today")[2], chinese.partition("### 现在能用的")[2]):
        assert len(re.findall(r"^- ", part, re.MULTILINE)) == 11


async def test_the_venue_of_the_guide_keeps_its_promises(tmp_path: Path) -> None:
    (code,) = blocks("docs/how-to/add-a-venue.md", "python")
    file = tmp_path / "counter.py"
    file.write_text(code, encoding="utf-8")
    module = load_file(file, "counter")
    venue = module.CounterVenue({BTC.symbol: D(100)})
    order = VenueOrder("a", BTC.symbol, OrderSide.BUY, OrderType.MARKET, D("0.5"))
    first = await venue.place(1, order, ts_ms=7)
    assert first.answer is module.Answer.ACCEPTED
    assert await venue.place(1, order, ts_ms=8) == first
    ((place, fill),) = await venue.fills_after(1, 0)
    assert (fill.quantity, fill.price, fill.fee_asset, fill.ts_ms) == (D("0.5"), D(100), "USDT", 7)
    assert await venue.fills_after(1, place) == await venue.fills_after(2, 0) == []
    state = await venue.find_order(1, "a")
    assert state.status is OrderStatus.FILLED
    assert await venue.order_states(1, ["a", "b"]) == [state]
    assert await venue.cancel(1, "a", ts_ms=9) is module.Answer.REFUSED
    limit = VenueOrder("b", BTC.symbol, OrderSide.BUY, OrderType.LIMIT, D(1), price=D(90))
    assert (await venue.place(1, limit, ts_ms=9)).answer is module.Answer.REFUSED
    assert await venue.find_order(1, "b") is None


def write_bars(path: Path) -> None:
    lines = ["ts,open,high,low,close,volume"]
    for n in range(300):
        close = 100 + (n * 7919 % 41) / 10
        lines.append(f"{1_600_000_000 // 86400 * 86400 + n * 86400},{close},{close + 1},{close - 1},{close},10")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def commands(page: str) -> list[tuple[str, list[str]]]:
    """(command line without the program's name, lines it should print) of each console block, in order."""
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ alphaloop ", block, flags=re.MULTILINE)[1:]:
            line, _, printed = part.partition("\n")
            found.append((line, printed.splitlines()))
    return found


def fits(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines are those; an ellipsis at a line's end or on its own stands for whatever follows."""
    for n, line in enumerate(expected):
        if line == "…":
            return True
        if n >= len(printed) or not (printed[n].startswith(line[:-1]) if line.endswith("…") else printed[n] == line):
            return False
    return len(printed) == len(expected)


def test_the_commands_of_the_guide_print_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALPHALOOP_HOME", str(tmp_path / "home"))
    write_bars(tmp_path / "bars.csv")
    told = commands("docs/how-to/use-the-command-line.md")
    assert len(told) == 12
    for line, expected in told:
        result = CliRunner().invoke(app, line.split())
        same = fits(expected, result.output.splitlines())
        assert same, f"alphaloop {line}\n{result.output[:600]}"
        assert result.exit_code == (2 if "period=1" in line.split() else 0)


def command_names(group: Any, before: str = "") -> list[str]:
    """Every command that help shows, groups spelled out: 'ledger check'."""
    found = []
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            found += command_names(command, f"{before}{name} ")
        elif not command.hidden:
            found.append(before + name)
    return found


def test_the_guide_names_every_command() -> None:
    text = text_of("docs/how-to/use-the-command-line.md")
    names = command_names(typer.main.get_command(app))
    assert {"serve", "ledger check", "backtest run"} <= set(names)
    assert [name for name in names if f"alphaloop {name}" not in text] == []
