"""Files that people hand over through a form: of a kind that can be read, and put where a reader finds them."""

import shutil
from pathlib import Path

from fastapi import UploadFile

from alphaloop.adapters.feeds import file_kind
from alphaloop.core.errors import InvalidError


def kind_of(file: UploadFile) -> str:
    """csv, parquet or feather; InvalidError 'bad_bar_file' for anything else."""
    kind = file_kind(file.filename or "")
    if kind is None:
        raise InvalidError(
            "Bars come as .csv, .parquet or .feather.", code="bad_bar_file", fields=(("file", "unknown_file_type"),)
        )
    return kind


def spool(upload: UploadFile, path: Path) -> None:
    """Copy what was uploaded into a file."""
    with path.open("wb") as file:
        shutil.copyfileobj(upload.file, file, 1024 * 1024)
