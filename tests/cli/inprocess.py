"""Run a command as `kulla` does, but in this process: a tenth of the time, for commands that leave nothing behind."""

from __future__ import annotations

import io
import sys

from cli.command import Ran

from kulla.cli import main


def kulla(*arguments: object, given: bytes = b"") -> Ran:
    """Run `kulla` with these arguments and this standard input."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    sys.argv = ["kulla", *map(str, arguments)]
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(given), "utf-8"), out, err
    try:
        main.run()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    assert isinstance(code, int)
    return Ran(code, *(stream.buffer.getvalue().decode() for stream in (out, err)))
