"""A search's trials in a file, one JSON line each: what was run is on the disk before anything else is run."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from alphaloop.core.errors import ConflictError
from alphaloop.engine.optimise import Trial


class TrialFile:
    """The first line is the question, so that a file is never gone on with under another one.

    ConflictError 'another_search' when it belongs to another question, InvalidError when it cannot be read."""

    def __init__(self, path: Path, question: Mapping[str, Any]) -> None:
        head = json.dumps(question, sort_keys=True)
        lines = _whole_lines(path)
        if lines and lines[0] != head:
            raise ConflictError(f"{path.name} belongs to another search.", code="another_search")
        # Lines of one batch may have been cut off in the middle; what was written before them counts.
        self.trials = [Trial.of(json.loads(line)) for line in lines[1:]]
        path.write_text("".join(f"{line}\n" for line in lines or [head]), encoding="utf-8")
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def add(self, trials: Sequence[Trial]) -> None:
        self._file.write("".join(json.dumps(trial.to_json(), allow_nan=False) + "\n" for trial in trials))
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _whole_lines(path: Path) -> list[str]:
    """Every line that was written to its end."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8")
    return text[: text.rfind("\n") + 1].splitlines()
