"""The one place that loads code by file name: strategies, feeds, venues, channels. The file's name is its key."""

import importlib
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

from alphaloop.core.errors import NotFoundError

_PART = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def plugin_keys(package: str) -> list[str]:
    """Keys of every plug under a package folder: 'chan/multi_level' for `<package>/chan/multi_level.py`, sorted.

    Files that start with an underscore and the package's own `contract.py` are not plugs.
    """
    root = _root(package)
    keys = (path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.py"))
    return sorted(key for key in keys if key != "contract" and all(_PART.fullmatch(part) for part in key.split("/")))


def load_plugin(package: str, key: str) -> ModuleType:
    """Import the plug with that key, or NotFoundError."""
    parts = key.split("/")
    if (
        not all(_PART.fullmatch(part) for part in parts)
        or not (_root(package).joinpath(*parts).with_suffix(".py")).is_file()
    ):
        raise NotFoundError(f"There is no {package.rpartition('.')[2]} called {key!r}.", code="unknown_plugin")
    return importlib.import_module(".".join([package, *parts]))


def load_file(path: Path, name: str) -> ModuleType:
    """Execute a Python file from the user's own folder as a module of that name.

    What is not a whole module stays unknown: an error in the file leaves no trace."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise NotFoundError(f"{path.name} is not a Python file.", code="unknown_plugin")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickles look their module up by its name while it is being made.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _root(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise NotFoundError(f"There is no package {package!r}.", code="unknown_plugin")
    return Path(next(iter(spec.submodule_search_locations)))
