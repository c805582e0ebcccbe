"""A centre with one of everything in it, made in a process of its own: `python centrefill.py PATH ADDRESS:PORT` prints
its address, who may sign in, and the addresses of all of its pages."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import orjson
from tracing import office

from kulla.centre.centretoml import CentreToml
from kulla.centre.running import founding
from kulla.registers.keyfile import read_key


def fill(path: Path, listen: str) -> dict[str, object]:
    """Make it below `path`. Once in a process."""
    told = CentreToml("Qendra", "localhost", tls="none", listen=listen, exercise=True)
    done = founding.found(path / "centre", path / "keys", told, "administrator", datetime.now(UTC))
    made = office(path, 400, 2, 600, read_key(path / "keys" / "centre.key"))
    # From here on Django is set up for this centre.
    from centreaddresses import SHOWN, addresses
    from centrecast import everywhere, person
    from centreworld import PASSWORD, world
    from django.test import Client

    from kulla.centre.people.zones import Role, Zone

    with everywhere():
        filled = world(made.centre.register("payroll").read().constituent)
        reader = person("reader", *((role, zone, None) for role in Role.values for zone in Zone.values))
        reader.set_password(PASSWORD)
        reader.save()
        client = Client(headers={"host": "localhost"})
        client.force_login(reader, backend="django.contrib.auth.backends.ModelBackend")
        paths = [each.path() for each in addresses(filled) if each.get == SHOWN]
        paths = [path for path in paths if b'<a class="skip"' in getattr(client.get(path), "content", b"")]
    return {"address": founding.address(told), "link": done.link, "user": "reader", "password": PASSWORD,
            "paths": list(dict.fromkeys(paths))}  # fmt: skip


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(fill(Path(sys.argv[1]), sys.argv[2])))
