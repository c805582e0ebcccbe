"""The worker's process: python -m kulla.centre.worker [--once], with the environment of `running.serving.environ`.

--once: read what may be taken from the inbox, and end. Exit codes: 0 told to stop, or done; 1 a fault that may pass;
2 of no use to start again.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
from pathlib import Path

from kulla.events.confine import die_with_parent
from kulla.events.sandbox import terminable


def main() -> int:
    """Work until told to stop."""
    os.umask(0o077)
    logging.basicConfig(format="kulla worker: %(message)s", level=logging.WARNING)
    once = "--once" in sys.argv[1:]
    if not once:
        die_with_parent()
    import django

    django.setup()
    from django.db import Error as DatabaseFault

    from kulla.centre.folder import opened
    from kulla.centre.running import serving
    from kulla.centre.worker.ways import ways
    from kulla.centre.worker.work import Changed, Work, again, ended
    from kulla.errors import ConfigError, KullaError
    from kulla.settings import read_settings

    try:
        centre = opened(Path(os.environ["KULLA_CENTRE"]), Path(os.environ["KULLA_KEYS"]))
        serving.fit(centre)
        work = Work(centre, ways(centre.told), read_settings(os.environ), once)
        with (centre.state / "worker.lock").open("a") as lock, terminable():
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                work.run()
            except Changed:
                again()
        ended(centre)
    except KeyboardInterrupt:
        ended(centre)
        return 0
    except ConfigError as error:
        print(f"kulla: {error}", file=sys.stderr)
        return 2
    except KullaError as error:
        print(f"kulla: {error}", file=sys.stderr)
        return 1
    except DatabaseFault as error:  # its own words may quote what was to be stored
        print(f"kulla: the database does not answer ({type(error).__name__})", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
