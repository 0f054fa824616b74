"""`python -m alphaloop` is `alphaloop`."""

from alphaloop.entrypoints.cli import main

main()
