"""Protected lists and citizens' sets as files."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from payrolls import manifest, nid

from kulla.errors import ConfigError, InputError
from kulla.leaks.desk.citizensets import ask, write_set
from kulla.leaks.desk.lists import leaked_members, read_sealed, seal, unseal, write_answer
from kulla.leaks.desk.request import Compared
from kulla.leaks.intervals import from_rows
from kulla.leaks.leaktable import LeakTable
from kulla.leaks.matched import CERTAIN, EXACT, PROBABLE, ColumnMatch, Matched
from kulla.registers.keyfile import new_key

NOW = datetime(2026, 5, 4, tzinfo=UTC)
PAYROLL = manifest()
KEY = new_key("owner", NOW)


def compared(ids: list[str | None], surety: int = CERTAIN, column: str = "nid") -> Compared:
    count, none = len(ids), np.empty(0, np.int64)
    table = LeakTable(
        "t", ("",), pa.table({"c0": pa.chunked_array([ids[:1], ids[1:]], pa.string())}), np.arange(1, count + 1),
        np.zeros(count, np.int32),
    )  # fmt: skip
    matched = Matched(
        "payroll", (ColumnMatch(0, column, 1.0, 0.0, 1.0, count),), "record", np.arange(1, count + 1, dtype=np.uint32),
        np.full(count, EXACT, np.uint8), np.full(count, surety, np.uint8), from_rows(none, none, none, count),
        np.full(count, -1, np.int16), count, (0, 1),
    )  # fmt: skip
    return Compared(0, table, matched)


def listed(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def asked(tmp_path: Path, text: str, leaked: list[str | None], column: str = "nid") -> tuple[int, ...]:
    """The lines that the list's owner learns of."""
    members, key = listed(tmp_path / "members.csv", text), tmp_path / "list.key"
    seal(members, key, "judges", tmp_path / "judges.sealed")
    sealed = read_sealed(tmp_path / "judges.sealed")
    assert sealed.name == "judges"
    found = leaked_members([compared(leaked, column=column)], {"payroll": PAYROLL})
    write_answer(sealed, found, "ff" * 32, tmp_path / "judges.answer")
    return unseal(tmp_path / "judges.answer", members, key).lines


def test_the_line_told_is_the_line_of_the_person(tmp_path: Path) -> None:
    """Blank lines, and fields over two lines: a wrong line would warn, or move, another judge."""
    text = f'national_id,note\n\n{nid(1)},"two\nlines"\n\n{nid(2)},\n{nid(3)},\n'
    assert asked(tmp_path, text, [nid(2)]) == (6,)
    assert text.splitlines()[5].startswith(nid(2))


def test_a_member_is_found_however_the_leak_writes_it(tmp_path: Path) -> None:
    assert asked(tmp_path, "phone\n+355 69 123 4567\n0692222222\n", ["691234567.0", None], "phone") == (2,)


def test_nobody_is_found_by_a_column_that_tells_of_no_person(tmp_path: Path) -> None:
    assert asked(tmp_path, f"national_id\n{nid(1)}\n", [nid(1)], "employer_id") == ()


def test_answers_tell_nothing_by_their_size(tmp_path: Path) -> None:
    sizes = set()
    for at, leaked in enumerate(([nid(1)], [nid(9)], [nid(n) for n in range(600)])):
        (tmp_path / str(at)).mkdir()
        asked(tmp_path / str(at), f"national_id\n{nid(1)}\n", list(leaked))
        sizes.add((tmp_path / str(at) / "judges.answer").stat().st_size)
    assert len(sizes) == 1


def test_the_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    members, key = listed(tmp_path / "m.csv", f"national_id\n{nid(1)}\n"), tmp_path / "list.key"
    seal(members, key, "a", tmp_path / "a.sealed")
    before = key.read_bytes()
    seal(members, key, "a", tmp_path / "b.sealed")
    assert (key.read_bytes(), key.stat().st_mode & 0o777) == (before, 0o600)
    key.chmod(0o644)
    with pytest.raises(ConfigError):
        seal(members, key, "a", tmp_path / "c.sealed")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("shoe_size\n42\n", "none of the columns"),
        ("national_id\nJ00101001W\n\n ,\n", r"m.csv:4: no id"),
        ("national_id\n\ud800\n", "cannot be read"),
        ("", "has no member"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=said) as found:
        seal(path, tmp_path / "k", "a", tmp_path / "a.sealed")
    assert "J00101001W" not in str(found.value)


def test_another_lists_owner_opens_nothing(tmp_path: Path) -> None:
    asked(tmp_path, f"national_id\n{nid(1)}\n", [nid(1)])
    other = tmp_path / "other"
    other.mkdir()
    asked(other, f"national_id\n{nid(1)}\n", [nid(1)])
    with pytest.raises(InputError, match="no answer to a list of this key"):
        unseal(tmp_path / "judges.answer", tmp_path / "members.csv", other / "list.key")


def test_a_set_answers_of_certain_persons_only(tmp_path: Path) -> None:
    tables = [compared([nid(1), nid(1)]), compared([nid(2)], PROBABLE)]
    assert write_set(tables, {"payroll": PAYROLL}, "ff" * 32, KEY, tmp_path / "set") == 1
    told = {person: orjson.loads(ask(tmp_path / "set", KEY, nid(person)).plain()) for person in (1, 2, 3)}
    assert [told[person]["found"] for person in (1, 2, 3)] == [True, False, False]
    assert told[1]["categories"] == ["identity"]
    assert {len(ask(tmp_path / "set", KEY, nid(person)).plain()) for person in (1, 2)} == {1024}
    raw = (tmp_path / "set").read_bytes()
    assert nid(1).encode() not in raw
    assert (tmp_path / "set").stat().st_mode & 0o777 == 0o600


def test_a_set_asked_with_another_key_or_no_set_is_refused(tmp_path: Path) -> None:
    write_set([compared([nid(1)])], {"payroll": PAYROLL}, "ff" * 32, KEY, tmp_path / "set")
    with pytest.raises(ConfigError, match="given is key"):
        ask(tmp_path / "set", new_key("owner", NOW), nid(1))
    pq.write_table(pa.table({"tag": [1]}), tmp_path / "none")
    with pytest.raises(InputError, match="is no look-up set"):
        ask(tmp_path / "none", KEY, nid(1))
    with pytest.raises(InputError, match="no certain person"):
        write_set([compared([nid(1)], PROBABLE)], {"payroll": PAYROLL}, "ff" * 32, KEY, tmp_path / "other")
    assert not (tmp_path / "other").exists()
