"""`python -m alphaloop.entrypoints.cli`: the same program, for processes started by the launcher."""

from alphaloop.entrypoints.cli import main

main()
