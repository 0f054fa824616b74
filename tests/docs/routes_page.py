"""Writes docs/reference/routes.md from the OpenAPI document: `python -m tests.docs.routes_page`; a test compares."""

from itertools import groupby
from typing import Any

from tests.docs.pages import ROOT

PAGE = "docs/reference/routes.md"
_HEAD = """# Routes

Made from the OpenAPI document by `python -m tests.docs.routes_page`; a test fails when the two differ. The document
itself, with every field, is printed by `alphaloop openapi` and shown at `/docs` of a development installation.

All answers are JSON. Ids are strings, money and prices are decimal text, times are epoch milliseconds. Routes marked
*open* need no sign-in; all others take `Authorization: Bearer …`. Refusals are listed in [errors](errors.md); what
arrives on the socket `/ws/trading` in [events](events.md).
"""
_METHODS = ("get", "post", "put", "patch", "delete")


def render(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document: one table per tag, routes in the order of their addresses."""
    rows = [
        (operation["tags"][0], path, method, operation)
        for path, operations in document["paths"].items()
        for method in _METHODS
        if (operation := operations.get(method)) is not None
    ]
    parts = [_HEAD]
    for tag, group in groupby(
        sorted(rows, key=lambda row: (row[0].split()[-1], row[1], _METHODS.index(row[2]))), lambda row: row[0]
    ):
        parts.append(f"\n## {tag}\n\n| route | query | what it does |\n|---|---|---|\n")
        parts += [_row(path, method, operation) for _, path, method, operation in group]
    return "".join(parts)


def _row(path: str, method: str, operation: dict[str, Any]) -> str:
    query = ", ".join(
        f"`{one['name']}`" + ("" if one.get("required") else "?")
        for one in operation.get("parameters", ())
        if one["in"] == "query"
    )
    words = " ".join((operation.get("description") or operation["summary"] + ".").split()).replace("|", "\\|")
    door = "" if operation.get("security") else " *(open)*"
    return f"| `{method.upper()} {path}`{door} | {query} | {words} |\n"


def current() -> str:
    from alphaloop.entrypoints.web import make_app

    return render(make_app(None).openapi())


if __name__ == "__main__":
    (ROOT / PAGE).write_text(current(), encoding="utf-8")
