"""Reads the project's pages: their code blocks and the first column of their tables."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def text_of(page: str) -> str:
    """A page by its path from the project's root."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), re.DOTALL | re.MULTILINE)


def section(page: str, title: str) -> str:
    """What stands under a heading of the second level, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text_of(page), re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"{page} has no section {title!r}")
    return found[1]


def named_rows(text: str) -> list[str]:
    """The code-quoted name that starts each table row, in order."""
    return re.findall(r"^\| `([^`]+)`", text, re.MULTILINE)
