"""A leaked file taken in: in a confined process, with what it says of itself, and with what went wrong."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from leakfiles import HEADER, PEOPLE, SMALL, rows, xlsx

from kulla.errors import InputError
from kulla.leaks.intake import take, take_all
from kulla.leaks.intake._api import Problem
from kulla.leaks.intake.reader import Named, Part
from kulla.leaks.intake.take import _Taken


def test_a_workbook_is_taken_in(tmp_path: Path) -> None:
    path = tmp_path / "paga.xlsx"
    path.write_bytes(xlsx({"Janar": [HEADER, *PEOPLE], "Shkurt": [HEADER, *PEOPLE[:2]]}))
    taken = take(path, SMALL)
    assert (taken.name, taken.form, taken.problems) == ("paga.xlsx", "xlsx", ())
    assert taken.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert taken.size == path.stat().st_size
    assert taken.metadata["sheets"] == "Janar; Shkurt"
    assert [table.name for table in taken.tables] == ["Janar", "Shkurt"]
    first = taken.tables[0]
    assert first.headers == tuple(HEADER)
    assert rows(first) == PEOPLE
    assert first.lines.tolist() == [2, 3, 4, 5]
    assert first.blocks.tolist() == [0, 0, 0, 0]
    assert first.data.column_names == ["c0", "c1", "c2", "c3", "c4"]


def test_what_is_no_table_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "x.bin"
    path.write_bytes(bytes(range(256)) * 4)
    taken = take(path, SMALL)
    assert taken.form == "unknown"
    assert taken.tables == ()
    assert len(taken.problems) == 1


def test_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x.csv").touch()
    assert take(tmp_path / "x.csv", SMALL).problems == ("the file is empty",)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"x\.csv: No such file"):
        take(tmp_path / "x.csv", SMALL)


def test_what_would_fill_this_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(xlsx({name: [HEADER, *PEOPLE] for name in "abcdefgh"}))
    monkeypatch.setattr(sys.modules["kulla.leaks.intake.take"], "_MOST_BYTES", 1000)
    taken = take(path, SMALL)
    assert 0 < len(taken.tables) < 8
    assert "MiB of tables" in taken.problems[0]
    assert take_all([path, path], SMALL)[1].tables, "the pool goes on"


def test_a_file_that_needs_too_much_memory_ends_its_child_alone(tmp_path: Path) -> None:
    """In a process of its own: one that has read much before has memory to spare, which its children may use."""
    path = tmp_path / "wide.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 2_000_000)
    code = (
        "import sys; from dataclasses import replace; from pathlib import Path\n"
        "from kulla.leaks.intake import take; from kulla.settings import MIB, Settings\n"
        "taken = take(Path(sys.argv[1]), replace(Settings(), worker_memory=1 * MIB))\n"
        "print(len(taken.tables), taken.problems[0])"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("0 ")
    assert "memory" in done.stdout or "crashed" in done.stdout


def test_parts_of_a_long_table_are_joined(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"NID,Emri\nJ1,a\nJ2,b\n\nJ3,c\n")
    table = take(path, SMALL).tables[0]
    taken = _Taken("a.csv", "", 0)
    taken.add(Named("csv"))
    for at in range(3):
        piece = replace(
            table, data=table.data.slice(at, 1), lines=table.lines[at : at + 1], blocks=table.blocks[at : at + 1]
        )
        taken.add(Part(piece, at > 0))
    (whole,) = taken.file().tables
    assert rows(whole) == rows(table)
    assert whole.lines.tolist() == [2, 3, 5]
    assert whole.blocks.tolist() == [0, 0, 1]


def test_a_child_that_sends_nonsense_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"NID,Emri\nJ1,a\n")
    table = take(path, SMALL).tables[0]
    for bad in (
        replace(table, headers=()),
        replace(table, lines=table.lines[:0]),
        replace(table, data=pa.table({"c0": [1], "c1": [2]})),
    ):
        taken = _Taken("a.csv", "", 0)
        taken.add(Part(bad))
        taken.add(Problem("x"))
        assert taken.file().tables == ()
        assert len(taken.file().problems) == 2


def test_a_file_is_taken_where_arrow_has_read_csv_before(tmp_path: Path) -> None:
    """Arrow then closes, in each process that is forked, descriptors by their numbers of before."""
    path = tmp_path / "leak.csv"
    path.write_text("nid,name\n" + "".join(f"{n},person {n}\n" for n in range(50)))
    code = (
        "import io, sys, pathlib, pyarrow.csv as c\n"
        "c.read_csv(io.BytesIO(b'a,b\\n1,2\\n'))\n"
        "from kulla.leaks.intake import take\n"
        "from kulla.settings import Settings\n"
        "found = take(pathlib.Path(sys.argv[1]), Settings())\n"
        "print(found.problems, sum(table.rows for table in found.tables))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "() 50", done.stderr
