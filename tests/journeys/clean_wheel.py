"""The README's lines where nothing of this checkout can help: `python -m tests.journeys.clean_wheel [PYTHON]`.

Builds the plain wheel, makes an empty virtual environment, installs the wheel and what it asks for from the ordinary
index, runs the README's Python block in an empty folder and compares what it prints with what the README says.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.docs.pages import ROOT, blocks


def build_wheel(folder: Path) -> Path:
    """The plain wheel of this checkout."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def make_environment(folder: Path, wheel: Path, interpreter: str = sys.executable) -> Path:
    """The Python of a new virtual environment that holds the wheel and its requirements."""
    subprocess.run([interpreter, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    uv = Path(sys.executable).with_name("uv")
    if uv.is_file():
        command = [str(uv), "pip", "install", "--quiet", "--python", str(python), str(wheel)]
    else:
        command = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(wheel)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    return python


def run_block(python: Path, folder: Path) -> str:
    """What the README's Python block prints in an empty folder, with nothing of this process's environment."""
    folder.mkdir()
    (code,) = blocks("README.md", "python")
    script = folder / "eight_lines.py"
    script.write_text(code, encoding="utf-8")
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
    done = subprocess.run([str(python), script.name], cwd=folder, env=plain, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return done.stdout


def expected() -> str:
    """What the README says that its block prints."""
    return blocks("README.md", "text")[0]


def main(interpreter: str = sys.executable) -> int:
    """Run it all and print how long each step took; 1 when the README is wrong."""
    with tempfile.TemporaryDirectory() as place:
        home, times, began = Path(place), [], time.perf_counter()

        def done(step: str) -> None:
            nonlocal began
            times.append(f"{step} {time.perf_counter() - began:.1f} s")
            began = time.perf_counter()

        wheel = build_wheel(home)
        done(f"wheel ({wheel.stat().st_size / 1e6:.1f} MB)")
        python = make_environment(home / "venv", wheel, interpreter)
        done("install")
        printed = run_block(python, home / "first")
        done("first run, compiling")
        again = run_block(python, home / "second")
        done("second run")
    same = printed == again == expected()
    print(", ".join(times))
    print("The README's lines print what it says." if same else f"The README says otherwise:\n{printed}")
    return 0 if same else 1


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))
