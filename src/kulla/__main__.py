"""`python -m kulla`."""

from kulla.cli.main import run

run()
