"""Runs the code of a notebook without Jupyter: `python -m tests.lab.notebooks` writes anew what the example prints."""

import contextlib
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "research.ipynb"


def run_notebook(path: Path) -> list[tuple[str, str, str]]:
    """(id, what it prints, what the notebook says it prints) of each code cell, run in order in one namespace."""
    names: dict[str, Any] = {}
    found = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile("".join(cell["source"]), cell["id"], "exec"), names)
            stored = "".join(line for output in cell["outputs"] for line in output["text"])
            found.append((cell["id"], printed.getvalue(), stored))
    return found


def main() -> None:
    notebook = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, printed, _ in run_notebook(EXAMPLE):
            lines = printed.splitlines(keepends=True)
            cells[name]["outputs"] = [{"name": "stdout", "output_type": "stream", "text": lines}] if lines else []
    EXAMPLE.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + os.linesep, encoding="utf-8")


if __name__ == "__main__":
    main()
