"""Signed heads of the audit's chain: made every hour, copied off the host, and read again to verify."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.utils import timezone

from kulla.centre.audit.chain import Anchor
from kulla.centre.audit.models import Entry
from kulla.errors import InputError, OutputError

NAME: Final = "audit-heads.jsonl"


def sign_head(key: Ed25519PrivateKey, places: Iterator[Path] | list[Path]) -> Anchor | None:
    """Sign the chain's newest entry and append it to a file in each of `places`; None when there is no entry.

    Raises OutputError naming the place that cannot be written, after the others were.
    """
    last = Entry.objects.order_by("-seq").first()
    if last is None:
        return None
    anchor = Anchor(last.seq, last.hash, timezone.now())
    body = _body(anchor)
    line = json.dumps({**json.loads(body), "signature": base64.b64encode(key.sign(body)).decode()})
    failed: list[str] = []
    for place in places:
        try:
            with (place / NAME).open("a", encoding="utf-8") as file:
                file.write(line + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            failed.append(f"{place}: {error.strerror}")
    if failed:
        raise OutputError(f"the audit's head could not be copied to {'; '.join(failed)}")
    return anchor


def read_heads(path: Path, key: Ed25519PublicKey) -> list[Anchor]:
    """The anchors of a file. Raises InputError naming the line that is not signed with `key`, or cannot be read."""
    anchors: list[Anchor] = []
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            signature = base64.b64decode(row.pop("signature"), validate=True)
            anchor = Anchor(int(row["seq"]), str(row["hash"]), datetime.fromisoformat(row["at"]))
            key.verify(signature, _body(anchor))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path}:{number}: is no signed head; take the file from the place off the host") from None
        except InvalidSignature:
            raise InputError(f"{path}:{number}: is not signed with this centre's key") from None
        anchors.append(anchor)
    return anchors


def _body(anchor: Anchor) -> bytes:
    at = anchor.at.astimezone(UTC).isoformat(timespec="microseconds")
    return json.dumps({"seq": anchor.seq, "hash": anchor.hash, "at": at}, sort_keys=True).encode()
