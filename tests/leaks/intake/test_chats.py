"""Chat exports: hash, time and channel of the files sent; senders sealed; nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leakfiles import HEADER, PEOPLE, SMALL, read_here, xlsx

from kulla.leaks.intake import take, whatsapp
from kulla.leaks.leaktable import LeakFile

ANDROID = """31/12/21, 14:03 - Mesazhet janë të koduara nga fundi në fund.
31/12/21, 14:03 - Agim Hoxha: Shiko
31/12/21, 14:05 - Agim Hoxha: paga.xlsx (file attached)
tekst nën skedar
1/1/22, 09:00 - +355 69 123 4567: faleminderit (shumë)
1/1/22, 09:01 - Drita: foto.jpg (skedar i bashkëngjitur)
"""
IOS = """\u200e[31.12.21, 14:03:22] Agim Hoxha: Shiko
[31.12.21, 14:05:01] Agim Hoxha: \u200e<attached: 00000012-paga.xlsx>
"""
ENGLISH = """12/31/21, 2:05\u202fPM - Agim: paga.xlsx (file attached)
1/2/22, 12:00\u202fAM - Agim: b.csv (file attached)
"""
KEY = b"k" * 32


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def taken(tmp_path: Path, data: bytes, key: bytes = KEY) -> LeakFile:
    path = tmp_path / "WhatsApp Chat with Agim Hoxha.zip"
    path.write_bytes(data)
    return take(path, SMALL, key)


def test_a_whatsapp_export_with_its_files(tmp_path: Path) -> None:
    table = xlsx({"Fleta": [HEADER, *PEOPLE]})
    found = taken(tmp_path, zipped({"_chat.txt": ANDROID.encode(), "paga.xlsx": table, "foto.jpg": b"x"}))
    assert found.form == "chat"
    assert found.tables == ()
    first, second = found.sightings
    assert (first.time, first.channel, first.kind) == (datetime(2021, 12, 31, 14, 5, tzinfo=UTC), "whatsapp", "group")
    assert first.file_sha256 == hashlib.sha256(table).hexdigest()
    assert second.file_sha256 == hashlib.sha256(b"x").hexdigest()
    assert len(first.sender) == 32
    assert first.sender != second.sender
    shown = repr(found).replace(found.name, "")
    for word in ("Agim", "Hoxha", "Drita", "355", "Shiko", "paga", "J00101999W"):
        assert word not in shown


def test_senders_are_sealed_or_not_kept(tmp_path: Path) -> None:
    one = taken(tmp_path, ANDROID.encode())
    assert one.sightings[0].sender == taken(tmp_path, ANDROID.encode()).sightings[0].sender
    assert one.sightings[0].sender != taken(tmp_path, ANDROID.encode(), b"other").sightings[0].sender
    assert {each.sender for each in taken(tmp_path, ANDROID.encode(), b"").sightings} == {""}
    assert {each.file_sha256 for each in one.sightings} == {""}


@pytest.mark.parametrize(
    ("text", "times", "kind"),
    [
        (IOS, [datetime(2021, 12, 31, 14, 5, 1)], "private"),
        (ENGLISH, [datetime(2021, 12, 31, 14, 5), datetime(2022, 1, 2, 0, 0)], "private"),
        ("2021-12-31, 14:05 - Agim: a.csv (file attached)\n", [datetime(2021, 12, 31, 14, 5)], "private"),
    ],
    ids=["ios", "american", "year first"],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_layouts(tmp_path: Path, text: str, times: list[datetime], kind: str, codec: str) -> None:
    found = taken(tmp_path, text.encode(codec))
    assert [each.time for each in found.sightings] == [time.replace(tzinfo=UTC) for time in times]
    assert {each.kind for each in found.sightings} == {kind}
    assert any("zone" in problem for problem in found.problems)


def export(**more: object) -> dict[str, object]:
    messages = [
        {"id": 1, "type": "service", "date": "2021-12-22T10:00:00", "action": "create_group"},
        {"id": 2, "type": "message", "date": "2021-12-22T11:00:00", "date_unixtime": "1640167200",
         "from": "Agim", "from_id": "user77", "file": "files/paga.xlsx", "text": ["sekret"]},
        {"id": 3, "type": "message", "date": "2021-12-22T11:05:00", "date_unixtime": "1640167500",
         "from": "Drita", "from_id": "user78", "file": "(File not included. Change data exporting settings)"},
    ]  # fmt: skip
    return {"name": "Grupi", "type": "public_channel", "id": 5, "messages": messages} | more


def test_a_telegram_export(tmp_path: Path) -> None:
    table = xlsx({"Fleta": [HEADER, *PEOPLE]})
    data = zipped({"ChatExport/result.json": json.dumps(export()).encode(), "ChatExport/files/paga.xlsx": table})
    found = taken(tmp_path, data)
    first, second = found.sightings
    assert (first.time, first.channel, first.kind) == (datetime(2021, 12, 22, 10, 0, tzinfo=UTC), "telegram", "channel")
    assert first.file_sha256 == hashlib.sha256(table).hexdigest()
    assert second.file_sha256 == ""
    assert found.tables == ()
    for word in ("Agim", "user77", "sekret", "Grupi", "paga"):
        assert word not in repr(found).replace(found.name, "")


def test_all_chats_of_an_account_at_once(tmp_path: Path) -> None:
    chats = [export(type="personal_chat"), export(type="private_supergroup")]
    value = {"about": "x", "personal_information": {"phone": "0691"}, "chats": {"list": chats}}
    found = taken(tmp_path, json.dumps(value).encode())
    assert [each.kind for each in found.sightings] == ["private", "private", "group", "group"]
    assert "0691" not in repr(found)


def test_a_table_of_dates_is_no_chat(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("31/12/2021,J1,a\n30/12/2021,J2,b\n")
    assert [type(sent).__name__ for sent in read_here(path)].count("Part") == 1


@given(st.lists(st.text(max_size=30)))
def test_any_lines_are_read(lines: list[str]) -> None:
    whatsapp.sent(f"1/1/22, 09:00 - a: {line}" for line in lines)
    whatsapp.is_chat("\n".join(lines))


@pytest.mark.parametrize("value", [{"messages": 1}, {"type": "x", "messages": [1, {}, {"file": 5}]}, {"chats": 1}])
def test_a_strange_result_does_no_harm(tmp_path: Path, value: object) -> None:
    data = zipped({"result.json": json.dumps(value).encode()})
    assert taken(tmp_path, data).sightings == ()
