"""The process that serves the console and the API: granian with the WSGI application, one process, many threads.

    python -m kulla.centre.running.console ADDRESS:PORT [CERTIFICATE KEY]

`kulla run` starts it, with the environment of `serving.environ`. It ends with whoever started it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from kulla.events.confine import die_with_parent

THREADS: Final = min(8, 2 * (os.cpu_count() or 1) + 1)
"""Each holds a connection to the database; views are short, and SQLite takes one writer at a time."""
APPLICATION: Final = "kulla.centre.running.application:application"


def main(arguments: Sequence[str]) -> None:
    """Serve until told to stop."""
    die_with_parent()
    address, _, port = arguments[0].rpartition(":")
    pair = [Path(each) for each in arguments[1:3]]
    Granian(
        APPLICATION,
        address=address.strip("[]"),
        port=int(port),
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backpressure=4 * THREADS,
        backlog=256,
        websockets=False,
        log_level=LogLevels.warning,
        respawn_failed_workers=False,
        workers_kill_timeout=5,
        ssl_cert=pair[0] if pair else None,
        ssl_key=pair[1] if pair else None,
    ).serve()


if __name__ == "__main__":
    main(sys.argv[1:])
