"""Strategies in a folder of one's own: found, run like any other, and every mistake told with its line."""

from pathlib import Path

import numpy as np
import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError, NotFoundError
from alphaloop.engine.own_files import load_own, own_keys
from alphaloop.engine.panel import Series, make_series

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-strategy.md"
WHOLE = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


@pytest.fixture
def bars() -> Series:
    close = 100.0 + np.cumsum(np.random.default_rng(3).normal(0, 1, 400)) * 0.1
    return make_series("X", np.arange(400) * 60_000, close, close + 1, close - 1, close, np.ones(400))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_dropped_into_the_folder_is_a_strategy(tmp_path: Path, bars: Series) -> None:
    write(tmp_path, "my_idea", WHOLE)
    write(tmp_path, "_notes", "x = 1")
    assert own_keys(tmp_path) == ["user:my_idea"]
    strategy = load_own("user:my_idea", tmp_path)
    assert strategy.key == "user:my_idea"
    assert set(strategy.schema()["properties"]) == {"period"}
    path = tmp_path / "my_idea.py"
    result = al.lab.backtest(al.lab.LabBars(bars, tuple(range(400))), path, period=20)
    assert result.trades
    table = al.lab.sweep(al.lab.LabBars(bars, tuple(range(400))), str(path), {"period": [10, 20]})
    assert len(table) == 2


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    path = write(tmp_path, "idea", WHOLE)
    before = load_own("user:idea", tmp_path)
    path.write_text(WHOLE.replace("Above the average", "Above it"), encoding="utf-8")
    after = load_own("user:idea", tmp_path)
    assert (before.label["en"], after.label["en"]) == ("Above the average", "Above it")
    assert before.source_hash != after.source_hash


@pytest.mark.parametrize("key", ["user:nothing", "user:../secret", "user:", "nothing", "user:a/b"])
def test_what_is_not_there_is_said_to_be_unknown(tmp_path: Path, key: str) -> None:
    with pytest.raises(NotFoundError):
        load_own(key, tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def (:\n", r"^idea\.py, line 1: SyntaxError: invalid syntax$"),
        ("import numpy\n\nprint(unknown)\n", r"idea\.py, line 3: NameError: name 'unknown' is not defined"),
        ("x = 1\n", "lacks CATEGORY"),
        ("raise SystemExit\n", r"idea\.py, line 1: SystemExit"),
    ],
)
def test_a_file_that_cannot_be_read_names_its_line(tmp_path: Path, text: str, told: str) -> None:
    write(tmp_path, "idea", text)
    for _ in range(2):
        with pytest.raises(InvalidError, match=told) as raised:
            load_own("user:idea", tmp_path)
        assert raised.value.code == "bad_strategy"


def test_a_strategy_that_raises_names_its_line(tmp_path: Path, bars: Series) -> None:
    write(tmp_path, "idea", WHOLE.replace("    return Signals(", "    target[0, 7] = 1\n    return Signals("))
    strategy = load_own("user:idea", tmp_path)
    with pytest.raises(InvalidError, match=r"idea\.py, line \d+: IndexError") as raised:
        al.lab.backtest(al.lab.LabBars(bars, ()), tmp_path / "idea.py")
    assert raised.value.code == "strategy_failed"
    line = int(str(raised.value).split("line ")[1].split(":")[0])
    assert (tmp_path / "idea.py").read_text().splitlines()[line - 1].strip() == "target[0, 7] = 1"
    assert strategy.key == "user:idea"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (
            "Signals(target[:-1], mark_episodes(target[:-1]))",
            "The strategy's target does not have the shape of its bars.",
        ),
        ("target", "evaluate answers with ndarray, not with Signals."),
        ("None", "evaluate answers with NoneType, not with Signals."),
    ],
)
def test_an_answer_of_the_wrong_shape_names_the_function_that_gave_it(
    tmp_path: Path, bars: Series, answer: str, told: str
) -> None:
    path = write(tmp_path, "idea", WHOLE.replace("Signals(target, mark_episodes(target))", answer))
    with pytest.raises(InvalidError) as raised:
        al.lab.backtest(al.lab.LabBars(bars, ()), path)
    line = next(n for n, text in enumerate(WHOLE.splitlines(), 1) if text.startswith("def evaluate"))
    assert (raised.value.code, raised.value.message.startswith(f"idea.py, line {line}: {told}")) == (
        "bad_signals",
        True,
    )
