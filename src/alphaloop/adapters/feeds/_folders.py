"""Folders the operator lets feeds read: nothing outside them, no link that leads out, and a bound on what is walked."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from alphaloop.core.errors import InvalidError, UnavailableError

MAX_FILES = 20_000
MAX_DEPTH = 8


def folder_schema() -> dict[str, Any]:
    """The one setting of a feed that reads a folder."""
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "folder": {
                "type": "string",
                "maxLength": 500,
                "default": "",
                "title": {"zh": "文件夹", "en": "Folder"},
                "description": {
                    "zh": "数据文件夹内的子文件夹；留空表示整个数据文件夹。",
                    "en": "A folder inside the data folder; empty means all of it.",
                },
            }
        },
    }


def open_folder(roots: list[Path], config: dict[str, Any]) -> tuple[Path, Path]:
    """(allowed root, folder in it) that the settings name; an error with a stable code when there is none."""
    wanted = config.get("folder", "")
    if not isinstance(wanted, str):
        raise _bad_folder("bad_folder", "The folder is not a path.")
    if not roots:
        raise UnavailableError("This installation has no data folder.", code="no_data_folder")
    outside = True
    for root in roots:
        folder = path_inside(root, wanted.strip())
        if folder is None:
            continue
        outside = False
        if folder.is_dir() and os.access(folder, os.R_OK | os.X_OK):
            return root, folder
    if outside:
        raise _bad_folder("folder_not_allowed", "The folder lies outside the data folder.")
    raise UnavailableError("The folder cannot be opened.", code="folder_unreachable")


def path_inside(root: Path, text: str) -> Path | None:
    """The path that `text` names below the root, links resolved; None when it leads outside or is no path at all."""
    try:
        path = (root / text).resolve()
        path.exists()  # a name that is too long fails here
    except (OSError, ValueError):
        return None
    return path if path.is_relative_to(root) else None


def _bad_folder(code: str, message: str) -> InvalidError:
    return InvalidError(message, code=code, fields=(("config.folder", code),))


def walk_files(folder: Path, wanted: Callable[[str], bool]) -> Iterator[Path]:
    """Regular files below a folder whose names are wanted, links not followed, at most MAX_FILES of them."""
    seen = 0
    base = len(folder.parts)
    for place, folders, files in os.walk(folder, followlinks=False):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(here.parts) - base >= MAX_DEPTH:
            folders.clear()
        for name in sorted(files):
            path = here / name
            if not wanted(name) or path.is_symlink():
                continue
            seen += 1
            if seen > MAX_FILES:
                raise UnavailableError(f"The folder holds more than {MAX_FILES} files.", code="too_many_files")
            yield path
