"""The floors, the room order, the pure ground and the one door, as import-linter contracts."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def lint(config: Path | None = None) -> subprocess.CompletedProcess[str]:
    linter = Path(sys.executable).with_name("lint-imports")
    arguments = [str(linter), "--no-cache"] + (["--config", str(config)] if config else [])
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)


def test_every_import_keeps_to_the_floors_and_the_room_order() -> None:
    done = lint()
    assert done.returncode == 0, done.stdout


def test_the_contract_catches_a_room_that_asks_up(tmp_path: Path) -> None:
    config = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    # With the two lowest rooms swapped, users -> audit becomes an import upwards.
    crooked = config.replace('  "users",\n  "audit",\n', '  "audit",\n  "users",\n')
    assert crooked != config
    path = tmp_path / "pyproject.toml"
    path.write_text(crooked, encoding="utf-8")
    done = lint(path)
    assert done.returncode != 0
    assert "BROKEN" in done.stdout


@pytest.mark.parametrize("room", sorted(p.name for p in (ROOT / "src/alphaloop/features").iterdir() if p.is_dir()))
def test_every_room_says_what_it_owns(room: str) -> None:
    if room.startswith("__"):
        return
    text = (ROOT / "src/alphaloop/features" / room / "__init__.py").read_text(encoding="utf-8")
    assert text.startswith('"""'), f"{room}/__init__.py should say what the room owns, whom it calls, what it announces"
