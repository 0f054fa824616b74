"""`python -m benchmarks NAME [--json]`: one measurement, ours beside a peer's in the same run.

A benchmark may name options of its own in OPTIONS; one that also holds the two answers against each other says
`agree: False` in its figures when they differ, and the exit code is then 1."""

import argparse
import importlib
import json
import pkgutil
import sys

import benchmarks


def main() -> int:
    names = sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__) if not found.name.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks", allow_abbrev=False)
    parser.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")
    name = next((word for word in sys.argv[1:] if word in names), None)
    # Only the chosen one is imported: each brings heavy packages of its own.
    module = importlib.import_module(f"benchmarks.{name}") if name else None
    for option, meaning in getattr(module, "OPTIONS", {}).items():
        parser.add_argument(f"--{option}", help=meaning)
    given = vars(parser.parse_args())
    figures = importlib.import_module(f"benchmarks.{given.pop('name')}").run(as_json := given.pop("json"), **given)
    if as_json:
        print(json.dumps(figures))
    return 1 if figures.get("agree") is False else 0


if __name__ == "__main__":
    raise SystemExit(main())
