"""The audit's chain: what is written holds, and whatever is touched is found."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from centrecast import Cast, person
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from kulla.centre.audit.anchors import NAME, read_heads, sign_head
from kulla.centre.audit.chain import Anchor, faults, record
from kulla.centre.audit.models import Entry
from kulla.errors import InputError, OutputError

pytestmark = pytest.mark.django_db
KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def chain() -> list[Entry]:
    """Six entries."""
    return [record(None, "test.act", f"thing:{n}", zone="civil", number=n, name="Ëndrra") for n in range(6)]


def _touch(sql: str) -> None:
    """As somebody who owns the database would."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER kulla_append_only")
        cursor.execute(sql)


def test_a_whole_chain_has_no_fault(chain: list[Entry]) -> None:
    assert [entry.seq for entry in chain] == [1, 2, 3, 4, 5, 6]
    assert list(faults([Anchor(6, chain[-1].hash, chain[-1].at)])) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "'other'"), ("actor", "'else'"), ("target", "'thing:9'"), ("zone", "'military'"),
        ("detail", "'{}'"), ("user_id", "4"),
    ],
)  # fmt: skip
def test_an_altered_entry_is_found(chain: list[Entry], column: str, value: str) -> None:
    _touch(f"UPDATE audit_entry SET {column} = {value} WHERE seq = 3")
    assert [fault.seq for fault in faults()] == [3]


def test_an_altered_time_is_found(chain: list[Entry]) -> None:
    at = (chain[2].at + timedelta(microseconds=1)).isoformat(sep=" ")
    _touch(f"UPDATE audit_entry SET at = '{at}' WHERE seq = 3")
    assert [fault.seq for fault in faults()] == [3]


def test_a_removed_entry_is_found(chain: list[Entry]) -> None:
    _touch("DELETE FROM audit_entry WHERE seq = 3")
    assert [fault.seq for fault in faults()] == [3]


def test_reordered_entries_are_found(chain: list[Entry]) -> None:
    _touch("UPDATE audit_entry SET seq = 99 WHERE seq = 3")
    _touch("UPDATE audit_entry SET seq = 3 WHERE seq = 4")
    _touch("UPDATE audit_entry SET seq = 4 WHERE seq = 99")
    assert {3, 4} <= {fault.seq for fault in faults()}


def test_cutting_off_the_end_is_found_up_to_the_last_anchor(chain: list[Entry]) -> None:
    _touch("DELETE FROM audit_entry WHERE seq > 4")
    assert list(faults()) == []  # the stated limit: without an anchor a shorter chain is whole
    assert [fault.seq for fault in faults([Anchor(6, chain[5].hash, chain[5].at)])] == [6]


def test_a_chain_written_anew_is_found_by_its_anchor(chain: list[Entry]) -> None:
    anchor = Anchor(3, "ab" * 32, chain[2].at)
    assert [fault.what for fault in faults([anchor])] == ["is not what its anchor says: the chain was written anew"]


def test_an_act_that_fails_leaves_no_entry(chain: list[Entry]) -> None:
    def act() -> None:
        with transaction.atomic():
            record(None, "test.act")
            raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        act()
    assert Entry.objects.count() == 6
    assert record(None, "test.act").seq == 7


def test_postgresql_refuses_changes(chain: list[Entry]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's file is whoever's can write it: anchors are for that")
    for sql in ("UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_heads_are_signed_copied_and_read_again(chain: list[Entry], tmp_path: Path) -> None:
    places = [tmp_path / "here", tmp_path / "there"]
    for place in places:
        place.mkdir()
    sign_head(KEY, places)
    record(None, "test.act")
    sign_head(KEY, places)
    anchors = read_heads(places[1] / NAME, KEY.public_key())
    assert [anchor.seq for anchor in anchors] == [6, 7]
    assert list(faults(anchors)) == []


def test_a_head_of_another_key_or_altered_is_refused(chain: list[Entry], tmp_path: Path) -> None:
    sign_head(KEY, [tmp_path])
    with pytest.raises(InputError, match=r":1: is not signed"):
        read_heads(tmp_path / NAME, Ed25519PrivateKey.generate().public_key())
    text = (tmp_path / NAME).read_text()
    (tmp_path / NAME).write_text(text.replace('"seq": 6', '"seq": 5'))
    with pytest.raises(InputError, match=r":1: is not signed"):
        read_heads(tmp_path / NAME, KEY.public_key())
    (tmp_path / NAME).write_text("[]\n")
    with pytest.raises(InputError, match=r":1: is no signed head"):
        read_heads(tmp_path / NAME, KEY.public_key())


def test_a_place_that_cannot_be_written_is_named_and_stops_no_other(chain: list[Entry], tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        sign_head(KEY, [tmp_path / "nowhere", tmp_path])
    assert len(read_heads(tmp_path / NAME, KEY.public_key())) == 1


def test_a_user_who_is_deleted_breaks_no_link(people: Cast) -> None:
    entry = record(people["nobody"], "test.act")
    people["nobody"].delete()
    entry.refresh_from_db()
    assert entry.actor == "nobody"
    assert list(faults()) == []


def test_who_reads_over_one_constituent_reads_nothing_of_the_centre(people: Cast, exercise: None) -> None:
    record(None, "centre.act")
    record(None, "zone.act", zone="civil")
    small = person("small", ("auditor", "civil", people.places["tax"]))
    for user, told in ((small, set()), (people["auditor-civil"], {"centre.act", "zone.act"}),
                       (people["auditor-military"], {"centre.act"})):  # fmt: skip
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        text = client.get("/audit/").content.decode()
        assert {act for act in ("centre.act", "zone.act") if act in text} == told, user
