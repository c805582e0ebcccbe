"""A sealed export verifies with stock tools, and the verification of the store finds one byte."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from centrecast import Cast
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client

from kulla.centre.cases import actions as cases
from kulla.centre.cases.models import Case
from kulla.centre.evidence import actions, exporting
from kulla.centre.evidence.models import Item
from kulla.centre.folder import Centre

pytestmark = pytest.mark.django_db
FIELDS = {"source": "police", "officer": "A. B.", "legal_basis": "order 7", "device": "USB 3", "tool": "dd 9"}


@pytest.fixture
def case(people: Cast, here: Centre) -> Case:
    return cases.open_case(people["officer-civil"], "Leak", "civil", people.places["tax"])


@pytest.fixture
def item(people: Cast, case: Case) -> Item:
    return actions.take_in(people["officer-civil"], case, "list.csv", [b"a;b\n1;2\n"], FIELDS)[0]


def _verified(tar: Path, fingerprint: str) -> int:
    with tarfile.open(tar) as file:
        file.extractall(tar.parent, filter="data")
    folder = tar.parent / tar.stem
    return subprocess.run(["sh", "verify.sh", fingerprint], cwd=folder, capture_output=True, check=False).returncode


def test_an_export_verifies_against_the_fingerprint_alone(
    people: Cast, case: Case, item: Item, here: Centre, tmp_path: Path
) -> None:  # fmt: skip
    made = exporting.export(people["officer-civil"], case, [item], "prosecutor", "indictment")
    tar = tmp_path / made.name
    tar.write_bytes(made.file.read())
    assert _verified(tar, here.keys.fingerprints()["signing"]) == 0
    assert _verified(tar, "0" * 64) != 0
    (tmp_path / case.number / "items" / item.number).write_bytes(b"a;b\n1;3\n")
    done = subprocess.run(
        ["sh", "verify.sh", here.keys.fingerprints()["signing"]], cwd=tmp_path / case.number, capture_output=True,
        check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert [row.kind for row in item.custody.order_by("seq")] == ["intake", "exported"]
    assert not list(here.state.glob("kulla-export-*"))


def test_sealed_to_a_recipient_nothing_is_in_the_clear(people: Cast, case: Case, item: Item, tmp_path: Path) -> None:
    key = X25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    made = exporting.export(people["officer-civil"], case, [item], "ally", "sharing", key)
    body = made.file.read()
    assert b"a;b" not in body
    assert b"list.csv" not in body


def test_who_may_export_what(people: Cast, case: Case, item: Item) -> None:
    with pytest.raises(PermissionDenied):
        exporting.export(people["analyst-civil"], case, [item], "me", "curious")
    other = cases.open_case(people["officer-civil"], "other", "civil")
    with pytest.raises(ValidationError):
        exporting.export(people["officer-civil"], other, [item], "x", "y")
    practice = cases.open_case(people["officer-civil"], "practice", "civil", exercise=True)
    invented = actions.take_in(people["officer-civil"], practice, "x", [b"x"], FIELDS)[0]
    with pytest.raises(ValidationError, match="exercise"):
        exporting.export(people["officer-civil"], practice, [invented], "x", "y")


def test_the_pages_export_and_verify(
    people: Cast, case: Case, item: Item, here: Centre, enter: Callable[[str], Client]
) -> None:  # fmt: skip
    client = enter("officer-civil")
    given = {"items": [item.number], "recipient": "prosecutor", "reason": "indictment"}
    answer = client.post(f"/evidence/case/{case.number}/export", given)
    assert answer["Content-Type"] == "application/x-tar"
    assert b"".join(answer.streaming_content)  # type: ignore[attr-defined]
    assert "is whole" in client.post("/evidence/store/verify").content.decode()
    path = max((each for each in here.evidence.rglob("*") if each.is_file()), key=lambda each: each.stat().st_size)
    path.chmod(0o600)
    body = bytearray(path.read_bytes())
    body[-1] ^= 1
    path.write_bytes(body)
    assert item.number in client.post("/evidence/store/verify").content.decode()
    refused = client.post(f"/evidence/case/{case.number}/export", given)
    assert refused.status_code == 200
    assert not refused.get("Content-Disposition")
