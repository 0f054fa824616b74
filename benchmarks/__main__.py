"""`python -m benchmarks NAME [--json]`: one measurement, ours beside a peer's in the same run."""

import importlib
import json
import pkgutil
import sys

import benchmarks


def main() -> int:
    names = sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__) if not found.name.startswith("_"))
    wanted = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if len(wanted) != 1 or wanted[0] not in names:
        print(f"usage: python -m benchmarks NAME [--json]   names: {' '.join(names)}", file=sys.stderr)
        return 2
    as_json = "--json" in sys.argv
    figures = importlib.import_module(f"benchmarks.{wanted[0]}").run(as_json)
    if as_json:
        print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
