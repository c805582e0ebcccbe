"""Linux audit records, joined into events."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared import SHARED, needs_shared
from textlogs import AUDIT, CONTEXT, read, rejects

from kulla.events.formats.auditd import OPEN_EVENTS, Auditd, parse_body

LOG = Auditd()


def test_records_of_one_event_are_joined() -> None:
    (row,) = read(LOG, AUDIT)
    fields = row.fields
    assert fields["type"] == ["SYSCALL", "EXECVE", "CWD", "PATH", "PATH", "PROCTITLE"]
    assert fields["a0"] == ["558e", "arp"]
    assert fields["a2"] == ["a b c"]
    assert fields["name"] == ["/usr/sbin/arp", "/lib64/ld-linux-x86-64.so.2"]
    assert fields["SYSCALL"] == ["execve"]
    assert fields["CommandLine"] == ["arp -a a b c"]
    assert fields["proctitle"] == ["arp -a"]
    assert (fields["exe"], fields["euid"], fields["argc"]) == (["/usr/sbin/arp"], ["33"], ["3"])
    assert "key" not in fields
    assert (row.position, row.time, row.quality) == (1, "2020-11-10T07:48:16.155000Z", "exact")
    assert row.raw == AUDIT.rstrip("\n")


def test_interleaved_events_are_told_apart() -> None:
    other = AUDIT.replace(":92733)", ":92734)").splitlines()
    mixed = [line for pair in zip(AUDIT.splitlines(), other, strict=True) for line in pair]
    first, second = read(LOG, "\n".join(mixed))
    assert (first.position, second.position) == (1, 2)
    assert first.fields == second.fields
    assert first.raw == AUDIT.rstrip("\n")


def test_nodes_are_told_apart() -> None:
    text = "".join(f"node={node} {line}\n" for line in AUDIT.splitlines() for node in ("web1", "web2"))
    assert [(row.host, len(row.fields["type"])) for row in read(LOG, text)] == [("web1", 6), ("web2", 6)]


def test_waiting_is_bounded() -> None:
    line = 'type=CWD msg=audit(1.000:{}): cwd="/"\n'
    text = "".join(line.format(i) for i in range(OPEN_EVENTS + 5)) + line.format(0)
    found = read(LOG, text)
    assert [row.position for row in found] == list(range(1, OPEN_EVENTS + 7))


def test_enriched_and_user_records() -> None:
    text = (
        'type=USER_CMD msg=audit(1700000000.5:7): pid=1 uid=1000 auid=1000 ses=3 msg=\'cwd="/home/jo" '
        'cmd=6361742066696C65 exe="/usr/bin/sudo" terminal=pts/0 res=success\'\x1dUID="jo" AUID="jo"\n'
    )
    (row,) = read(LOG, text)
    assert {name: row.fields[name] for name in ("type", "cmd", "exe", "res", "cwd", "UID", "uid")} == {
        "type": ["USER_CMD"], "cmd": ["cat file"], "exe": ["/usr/bin/sudo"], "res": ["success"], "cwd": ["/home/jo"],
        "UID": ["jo"], "uid": ["1000"],
    }  # fmt: skip
    assert row.time == "2023-11-14T22:13:20.500000Z"


@pytest.mark.parametrize(
    ("body", "name", "value"),
    [
        ("arch=c00000b7 syscall=221", "SYSCALL", "execve"),
        ("arch=c000003e syscall=103", "SYSCALL", "syslog"),
        ("arch=c000003e syscall=133", "SYSCALL", "mknod"),
        ("arch=c000003e syscall=319", "SYSCALL", "memfd_create"),
        ('arch=c000003e syscall=59 SYSCALL="kept"', "SYSCALL", "kept"),
        ("arch=x86_64 syscall=execve", "SYSCALL", "execve"),
        ("key=6B31016B32", "key", ["k1", "k2"]),
        ('key="susp_activity"', "key", "susp_activity"),
        ("name=(null) nametype=CREATE", "nametype", "CREATE"),
        ('op=changing password acct="jo"', "op", "changing password"),
        ("avc:  denied  { read } for  pid=1", "message", "avc:  denied  { read } for"),
        ("saddr=02000050C00002010000000000000000", "SADDR", "{ saddr_fam=inet laddr=192.0.2.1 lport=80 }"),
        ("exe=2F746D702FE92F78", "exe", "/tmp/\\xe9/x"),
        ("a0=DEAD a1=1", "a0", "DEAD"),
    ],
)
def test_values(body: str, name: str, value: str | list[str]) -> None:
    (row,) = read(LOG, f"type=SYSCALL msg=audit(1.5:7): {body}")
    assert row.fields[name] == (value if isinstance(value, list) else [value])


def test_arguments_in_pieces() -> None:
    body = 'argc=3 a0="x" a1_len=8 a1[0]=61622063 a1[1]=64 a2_len=4 a2[0]="yz" a2[1]="w"'
    (row,) = read(LOG, f"type=EXECVE msg=audit(1.5:7): {body}")
    assert (row.fields["a1"], row.fields["a2"]) == (["ab cd"], ["yzw"])
    assert row.fields["CommandLine"] == ["x ab cd yzw"]


def test_bodies_inside_something_else() -> None:
    assert parse_body("hello") is None
    fields = parse_body('type=AUOMS_EXECVE audit(1.5:7): argc=2 a0="id" a1="-u"')
    assert fields is not None
    assert (fields["type"], fields["CommandLine"]) == ("EXECVE", "id -u")
    fields = parse_body('audit: type=1400 audit(1.5:7): apparmor="DENIED"')
    assert fields is not None
    assert (fields["type"], fields["apparmor"]) == ("AVC", "DENIED")


def test_other_lines_are_rejected() -> None:
    (reject,) = rejects(LOG, AUDIT + "secret\n")
    assert (reject.position, reject.raw) == (7, b"secret")
    assert "secret" not in reject.reason


@given(st.text(st.characters(min_codepoint=1, exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_encoded_values_come_back(value: str) -> None:
    encoded = value.encode().hex().upper()
    (row,) = read(LOG, f"type=PATH msg=audit(1.5:7): item=0 name={encoded} inode=1")
    assert row.fields["name"] == [value]


@given(st.permutations(AUDIT.splitlines()))
@settings(max_examples=20)
def test_order_of_records_does_not_matter(lines: list[str]) -> None:
    (row,) = read(LOG, "\n".join(lines))
    assert sorted(row.fields["type"]) == sorted(read(LOG, AUDIT)[0].fields["type"])
    assert row.fields["CommandLine"] == ["arp -a a b c"]


def test_parts_begin_at_an_event() -> None:
    data = "".join(AUDIT.replace(":92733)", f":{serial})") for serial in range(8)).encode()
    cuts = LOG.cut(io.BytesIO(data), len(data), 500)
    assert len(cuts) > 3
    found = [run for cut in cuts for run in LOG.read(io.BytesIO(data), cut, CONTEXT)]
    assert [len(run.fields.row(i)["type"]) for run in found for i in range(len(run))] == [6] * 8


@needs_shared
def test_recorded_attacks() -> None:
    archives = sorted((SHARED / "security-datasets" / "atomic" / "linux").rglob("*.zip"))
    assert archives
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            for name in opened.namelist():
                data = opened.read(name)
                if data.startswith(b"type="):
                    found = read(LOG, data)
                    assert not rejects(LOG, data)
                    assert any("EXECVE" in row.fields["type"] and row.fields["SYSCALL"] == ["execve"] for row in found)
