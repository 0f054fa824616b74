"""Shows a person what a file's columns are called and which of ours they seem to be, before anything is brought in."""

from dataclasses import dataclass
from pathlib import Path

from alphaloop.adapters.feeds._columns import bad_file, decoded, file_kind, guess_columns, read_time, separator_of


@dataclass(frozen=True, slots=True)
class FileColumns:
    """A file's columns as they are shown for confirming: `names` in order (empty for a CSV without a header),
    `guess` our column -> the file's name where it tells, `sample` its first rows as text."""

    names: tuple[str, ...]
    guess: dict[str, str]
    sample: tuple[tuple[str, ...], ...]


def look_at_columns(path: Path, *, kind: str | None = None, rows: int = 5) -> FileColumns:
    """What a file's columns are called and which of ours they seem to be; InvalidError when it cannot be read."""
    kind = kind or file_kind(path.name)
    if kind is None:
        raise bad_file("", "unreadable")
    try:
        lines = _first_lines(path, rows + 1) if kind == "csv" else _first_rows(path, kind, rows)
    except OSError:
        raise bad_file("", "unreadable") from None
    names = lines[0] if lines else ()
    guess = guess_columns(list(names))
    if kind == "csv" and not guess and _is_time(names[0] if names else ""):
        return FileColumns((), {}, lines[:rows])
    return FileColumns(names, {column: names[at] for column, at in guess.items()}, lines[1:])


def _is_time(text: str) -> bool:
    try:
        read_time(text, None)
    except ValueError:
        return False
    return True


def _first_lines(path: Path, count: int) -> tuple[tuple[str, ...], ...]:
    with path.open("rb") as file:
        raw = [file.readline(65_536) for _ in range(count)]
    texts = [decoded(line)[0].strip("\r\n") for line in raw if line.strip()]
    if not texts:
        raise bad_file("", "empty")
    separator = separator_of(texts[0])
    return tuple(tuple(cell.strip().strip('"')[:64] for cell in text.split(separator)) for text in texts)


def _first_rows(path: Path, kind: str, count: int) -> tuple[tuple[str, ...], ...]:
    import polars as pl

    try:
        frame = (pl.scan_parquet(path) if kind == "parquet" else pl.scan_ipc(path)).head(count).collect()
    except (pl.exceptions.PolarsError, ValueError):
        raise bad_file("", "unreadable") from None
    return (tuple(frame.columns), *(tuple(str(cell)[:64] for cell in row) for row in frame.iter_rows()))
