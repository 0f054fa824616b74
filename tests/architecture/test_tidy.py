"""Rules of the house that an import graph cannot see, checked over the source text."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "alphaloop"

STRAY_CLOCK = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time(_ns)?)\(")
STRAY_CHANCE = re.compile(
    r"\b(uuid\d?\.uuid\d|random\.(random|randint|choice|shuffle|sample)|np\.random\.(?!default_rng\())"
)
ENVIRONMENT = re.compile(r"\bos\.(environ|getenv)\b")
COMMIT = re.compile(r"\.commit\(\)")
FLOAT_MONEY = re.compile(r"\bfloat\b")
EMPTY_NAMES = {"utils", "util", "helpers", "common", "misc", "manager", "base", "data_access", "info", "stuff"}


def python_files(folder: Path = SOURCE) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "web/dist" not in path.as_posix())


def offenders(pattern: re.Pattern[str], allowed: set[str]) -> list[str]:
    found = []
    for path in python_files():
        name = path.relative_to(SOURCE).as_posix()
        if name in allowed:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if pattern.search(line.partition("#")[0]):
                found.append(f"{name}:{number}: {line.strip()}")
    return found


def test_only_the_clock_says_now() -> None:
    assert offenders(STRAY_CLOCK, {"core/clock.py"}) == []


def test_nothing_is_left_to_chance_but_secrets() -> None:
    assert offenders(STRAY_CHANCE, set()) == []


def test_only_settings_read_the_environment() -> None:
    # The launcher passes its own environment on to its children, a child for foreign code is given next to none of it,
    # numba is told of its cache folder by a variable, and the plain wheel has a home folder but no settings.
    children = {"infra/jobs/child.py", "infra/jobs/kept_child.py"}
    told = {"infra/settings.py", "infra/home.py", "entrypoints/launch.py", "entrypoints/warm.py"} | children
    assert offenders(ENVIRONMENT, told) == []


def test_only_the_edge_commits() -> None:
    assert offenders(COMMIT, {"infra/db.py", "entrypoints/migrate.py"}) == []


def test_the_ledger_knows_no_binary_float() -> None:
    found = []
    for path in python_files(SOURCE / "features" / "ledger"):
        found += [f"{path.name}" for line in path.read_text("utf-8").splitlines() if FLOAT_MONEY.search(line)]
    assert found == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [str(p) for p in SOURCE.rglob("*.py") if p.stem in EMPTY_NAMES] == []


def test_every_module_says_why_it_exists() -> None:
    silent = [
        path.relative_to(SOURCE).as_posix()
        for path in python_files()
        if path.read_text("utf-8").strip() and ast.get_docstring(ast.parse(path.read_text("utf-8"))) is None
    ]
    assert silent == []


def test_errors_are_not_swallowed() -> None:
    found = []
    for path in python_files():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ExceptHandler) and len(node.body) == 1 and isinstance(node.body[0], ast.Pass):
                found.append(f"{path.relative_to(SOURCE)}:{node.lineno}")
    assert found == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (STRAY_CLOCK, "now = datetime.now(UTC)"),
        (STRAY_CHANCE, "return uuid.uuid4()"),
        (ENVIRONMENT, "key = os.environ['KEY']"),
        (COMMIT, "    await session.commit()"),
    ],
)
def test_the_rules_catch_what_they_are_for(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)


def test_the_repository_names_no_machine_and_no_registry() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    guilty = []
    machine = re.compile(
        r"(?<![\w.])/(work|farm)/|\"resolved\": \"http|--index-url|files\.pythonhosted|registry\.npmjs"
    )
    for name in tracked.stdout.split("\0"):
        path = ROOT / name
        if (
            not name
            or path.suffix in {".woff2", ".png", ".parquet", ".ico"}
            or name == "tests/architecture/test_tidy.py"
        ):
            continue
        if path.is_file() and machine.search(path.read_text(encoding="utf-8", errors="replace")):
            guilty.append(name)
    assert guilty == []
