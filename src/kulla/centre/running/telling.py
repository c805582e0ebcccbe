"""Tells on the page of health that the worker ends again and again: python -m kulla.centre.running.telling TEXT, with
the environment of `serving.environ`. The supervisor loads no Django, and the worker may not live long enough.
"""

from __future__ import annotations

import sys


def main(text: str) -> int:
    """Tell, and end. Exit code 1 when the database does not take it."""
    import django

    django.setup()
    from django.db import Error

    from kulla.centre.people import door
    from kulla.centre.worker import health
    from kulla.centre.worker.models import AGAIN, Kind

    try:
        with door.zones(door.ALL_ZONES):
            health.wrong(Kind.STOPPED, text, key=AGAIN)
    except Error as error:
        print(f"kulla: the database does not answer ({type(error).__name__}); untold: {text}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
