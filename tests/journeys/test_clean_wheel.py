"""The plain wheel is enough for the README: it holds the whole package, and its lines need nothing beyond what it asks
for. `python -m tests.journeys.clean_wheel` shows the same in an empty environment, which takes a compilation longer."""

import os
import subprocess
import sys
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.journeys.clean_wheel import build_wheel, expected

# Refuses every installed package that the plain wheel does not ask for, directly or through another.
GUARD = """
import re, sys
from importlib import metadata

allowed, rest = set(), {"alphaloop"}
while rest:
    name = rest.pop()
    allowed.add(name)
    try:
        wanted = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        continue
    for one in wanted:
        if "extra ==" not in one:
            rest.add(re.match(r"[A-Za-z0-9._-]+", one)[0].lower().replace("_", "-"))
    rest -= allowed
barred = {
    module
    for module, owners in metadata.packages_distributions().items()
    if not {owner.lower().replace("_", "-") for owner in owners} & allowed
}
barred -= set(sys.stdlib_module_names)


class Guard:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in barred:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


assert {"fastapi", "sqlalchemy", "pytest"} <= barred, barred
sys.meta_path.insert(0, Guard())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "src/alphaloop"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = {line.removeprefix("src/") for line in listed.stdout.splitlines() if (ROOT / line).is_file()}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if name.startswith("alphaloop/")}
    assert tracked - held == set()
    assert "alphaloop/entrypoints/cli/templates/strategy.txt" in held


def test_the_wheel_asks_for_the_plain_packages_alone(wheel: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (one for one in archive.namelist() if one.endswith(".dist-info/METADATA"))
        asked = Parser().parsestr(archive.read(name).decode()).get_all("Requires-Dist", [])
    plain = sorted(one for one in asked if "extra ==" not in one)
    assert [one.replace(" ", "") for one in plain] == sorted(project["dependencies"])


def test_the_lines_of_the_readme_need_nothing_else(tmp_path: Path) -> None:
    (code,) = blocks("README.md", "python")
    (tmp_path / "eight_lines.py").write_text(GUARD + code, encoding="utf-8")
    kept = {name: os.environ[name] for name in ("PATH", "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH") if name in os.environ}
    command = [sys.executable, "eight_lines.py"]
    done = subprocess.run(command, cwd=tmp_path, env={**kept, "PYTHONUTF8": "1"}, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout == expected()


# Runs the commands one after another, as a terminal would, and says the exit code of each.
COMMANDS = """
import sys
from alphaloop.entrypoints.cli import main

for line in sys.stdin.read().splitlines():
    sys.argv = ["alphaloop", *line.split()]
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code
    print(line, "->", code, flush=True)
"""


def test_the_command_line_has_a_home_without_a_server_and_says_what_needs_one(tmp_path: Path) -> None:
    kept = {name: os.environ[name] for name in ("PATH", "NUMBA_CACHE_DIR", "LD_LIBRARY_PATH") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", GUARD + COMMANDS],
        input="new-strategy mine\nstrategies list --json\nweb\ndata list\n",
        cwd=tmp_path,
        env={**kept, "PYTHONUTF8": "1", "ALPHALOOP_HOME": "place"},
        capture_output=True,
        text=True,
    )
    assert [line for line in done.stdout.splitlines() if "->" in line] == [
        "new-strategy mine -> 0",
        "strategies list --json -> 0",
        "web -> 2",
        "data list -> 2",
    ]
    assert (tmp_path / "place" / "strategies" / "mine.py").is_file()
    assert '"key": "user:mine"' in done.stdout
    told = done.stderr.splitlines()
    assert len(told) == 2
    assert all(line.endswith("which the server brings: pip install 'alphaloop[server]'.") for line in told)
