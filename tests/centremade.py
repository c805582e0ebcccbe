"""A centre on disk, for tests."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson

from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import Centre, create

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def centre_at(folder: Path, **told: object) -> Centre:
    """A fresh centre in `folder/centre`, its keys in `folder/keys`."""
    values = {"name": "Qendra", "host": "kulla.example.al", **told}
    return create(folder / "centre", folder / "keys", CentreToml(**values), NOW)  # type: ignore[arg-type]


def secrets_of(centre: Centre) -> Iterator[bytes]:
    """Every secret of a centre, in each form in which it could lie about: raw, hexadecimal, base64, as its file."""
    raw = [*centre.keys.evidence().secrets.values(), centre.keys.evidence().address]
    raw += list(centre.keys.backup().secrets.values())
    raw += [key.private_bytes_raw() for key in (centre.keys.signing(), centre.keys.audit())]
    register = orjson.loads((centre.keys.folder / "centre.key").read_bytes())
    raw += [base64.b64decode(register["sealing"]), base64.b64decode(register["epochs"][0]["secret"])]
    yield centre.keys.console().encode()
    for name in ("signing.key", "audit.key"):
        yield (centre.keys.folder / name).read_bytes().splitlines()[1]  # PEM: one line holds it all
    for each in raw:
        assert len(each) == 32
        yield from (each, each.hex().encode(), base64.b64encode(each), base64.urlsafe_b64encode(each))
