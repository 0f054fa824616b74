"""One's own strategy files in the catalogue: found when dropped in, read again when changed, never trusted."""

import os
from pathlib import Path

import pytest

from alphaloop.features.catalog import own
from alphaloop.features.catalog.own import OwnShelf

GUIDE = Path(__file__).parents[3] / "docs" / "how-to" / "add-a-strategy.md"
WHOLE = GUIDE.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


async def test_a_file_dropped_in_is_shown_and_a_broken_one_says_why(tmp_path: Path) -> None:
    folder = tmp_path / "strategies"
    shelf = OwnShelf(folder)
    assert await shelf.read() == ([], [])
    folder.mkdir()
    (folder / "mine.py").write_text(WHOLE, encoding="utf-8")
    (folder / "wrong.py").write_text("import nothing_of_that_name\n", encoding="utf-8")
    (folder / "Bad Name.py").write_text(WHOLE, encoding="utf-8")
    views, broken = await shelf.read()
    assert [view.key for view in views] == ["user:mine"]
    assert [param.name for param in views[0].params] == ["period"]
    told = {one.file: one.message for one in broken}
    assert told.keys() == {"wrong.py", "Bad Name.py"}
    assert "line 1: ModuleNotFoundError" in told["wrong.py"]


async def test_a_file_that_never_ends_is_told_of_and_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hangs.py").write_text("while True: pass\n", encoding="utf-8")
    monkeypatch.setattr(own, "DEADLINE_S", 3.0)
    views, broken = await OwnShelf(tmp_path).read()
    assert (views, [one.file for one in broken]) == ([], ["hangs.py"])


async def test_a_changed_file_is_read_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(WHOLE, encoding="utf-8")
    shelf = OwnShelf(tmp_path)
    first = await shelf.read()
    assert await shelf.read() is first
    path.write_text(WHOLE.replace("Above the average", "Above it"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    views, _ = await shelf.read()
    assert views[0].label.en == "Above it"
