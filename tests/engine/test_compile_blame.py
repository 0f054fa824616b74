"""What numba refuses in a person's own file is told with the line of that file and one sentence."""

from pathlib import Path

import pytest

import alphaloop as al
from alphaloop.core.errors import InvalidError
from alphaloop.engine.compile_blame import blaming, compile_fault, source_of, try_manage
from alphaloop.engine.own_files import load_path
from alphaloop.engine.run import run_strategy
from alphaloop.engine.strategy import load_strategy

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-strategy.md"
WHOLE = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
MANAGE = """

def level_of(held):
    return held.average_entry * 2.0


def manage(t, view, held, params):
    if held.quantity > 0.0:
        return {body}
    return np.nan
"""
BROKEN = [
    ("held.nothing", "Unknown attribute 'nothing'"),
    ('held.mem["x"]', "Unsupported array index type unicode_type"),
    ("undefined_thing + 1", "NameError: name 'undefined_thing' is not defined"),
    ("{t: 1.0}[t].upper()", "Unknown attribute 'upper'"),
    ("level_of(held)", "Untyped global name 'level_of'"),
]


def written(folder: Path, body: str) -> Path:
    path = folder / "idea.py"
    path.write_text(WHOLE + MANAGE.replace("{body}", body), encoding="utf-8")
    return path


def test_a_backtest_names_the_line_of_manage_that_cannot_be_compiled(tmp_path: Path) -> None:
    path = written(tmp_path, "held.nothing")
    with pytest.raises(InvalidError) as refused:
        al.backtest(al.load("sample"), path)
    line = path.read_text().splitlines().index("        return held.nothing") + 1
    assert refused.value.code == "strategy_failed"
    assert refused.value.message.startswith(f"idea.py, line {line}: cannot be compiled: Unknown attribute 'nothing'")


def test_the_one_door_names_it_for_the_platform_and_the_command_line_too(tmp_path: Path) -> None:
    strategy = load_path(written(tmp_path, "held.nothing"))
    with pytest.raises(InvalidError, match=r"idea\.py, line \d+: cannot be compiled: Unknown attribute"):
        run_strategy(strategy, al.load("sample").series, strategy.parse({}))


@pytest.mark.parametrize(("body", "told"), BROKEN)
def test_every_refusal_has_its_line_and_its_cause(tmp_path: Path, body: str, told: str) -> None:
    path = written(tmp_path, body)
    strategy = load_path(path)
    with pytest.raises(InvalidError) as refused:
        try_manage(strategy, strategy.parse({}))
    line = path.read_text().splitlines().index(f"        return {body}") + 1
    assert refused.value.message.startswith(f"idea.py, line {line}: cannot be compiled: ")
    assert told in refused.value.message


def test_what_compiles_passes_in_silence(tmp_path: Path) -> None:
    for body in ("0.0", "np.nan", "0.0 if held.best > view.close[t, held.column] else params.period"):
        strategy = load_path(written(tmp_path, body))
        try_manage(strategy, strategy.parse({}))
    try_manage(load_strategy("reversion/bollinger"), None)


def test_a_kernel_of_ones_own_is_blamed_too(tmp_path: Path) -> None:
    text = WHOLE.replace("import numpy as np\n", "import numpy as np\nfrom numba import njit\n")
    text = text.replace("def warmup", "@njit\ndef half(x):\n    return x.nothing\n\n\ndef warmup")
    path = tmp_path / "idea.py"
    path.write_text(text.replace("    target = np.full(", "    half(1.0)\n    target = np.full("), encoding="utf-8")
    with pytest.raises(
        InvalidError, match=r"idea\.py, line \d+: cannot be compiled: Unknown attribute 'nothing'"
    ) as told:
        al.backtest(al.load("sample"), path)
    line = int(told.value.message.split("line ")[1].split(":")[0])
    assert path.read_text().splitlines()[line - 1] == "    return x.nothing"


def test_other_errors_pass_as_they_are(tmp_path: Path) -> None:
    strategy = load_strategy("reversion/bollinger")
    assert source_of(strategy) is not None
    assert compile_fault(ValueError("no"), tmp_path) is None
    with pytest.raises(ValueError, match="no"), blaming(strategy):
        raise ValueError("no")
