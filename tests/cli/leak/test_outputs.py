"""What a trace writes is looked at before it runs: a run is one of few, and not to be spent in vain."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kulla.cli.leak.outputs import Wanted
from kulla.errors import InputError, OutputError, UsageError
from kulla.registers.desk.recordmap import replaced

NOTHING = Wanted((), None, None, "en", False, None, (), None, None, None)
HERE = Path("x")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"out": (Path("t.docx"),)}, "must end in .json, .html, .pdf"),
        ({"language": "fr"}, "choose en or sq"),
        ({"rows": Path("r.parquet")}, "at the register's owner only"),
        ({"package": HERE}, "needs --package-key"),
        ({"citizens": HERE, "citizens_key": HERE}, "made at the register's owner"),
        ({"citizens_key": HERE}, "go together"),
        ({"protected": (Path("a/l.sealed"), Path("b/l.sealed")), "out": (Path("t.json"),)}, "one name"),
        ({"protected": (Path("l.sealed"),)}, "needs --out FILE"),
    ],
)
def test_what_cannot_be_is_refused_at_a_centre(change: dict[str, object], said: str) -> None:
    NOTHING.check(at_owner=False)
    with pytest.raises(UsageError, match=said):
        replace(NOTHING, **change).check(at_owner=False)  # type: ignore[arg-type]


def test_rows_have_two_forms() -> None:
    replace(NOTHING, rows=Path("r.csv")).check(at_owner=True)
    with pytest.raises(UsageError, match=r"must end in \.parquet or \.csv"):
        replace(NOTHING, rows=Path("r.xlsx")).check(at_owner=True)


def test_a_place_that_takes_no_file_is_said_before_the_run(tmp_path: Path) -> None:
    leak, file = tmp_path / "leak.csv", tmp_path / "file"
    leak.write_text("a")
    file.write_text("b")
    replace(NOTHING, out=(tmp_path / "new" / "t.json",)).ready([leak])
    for out, error, said in (
        ((leak,), UsageError, "leaked file"),
        ((tmp_path / "t.json", tmp_path / "t.json"), UsageError, "two results"),
        ((file / "t.json",), OutputError, "takes no new file"),
        ((tmp_path,), OutputError, "is a folder"),
    ):
        with pytest.raises(error, match=said):
            replace(NOTHING, out=out).ready([leak])
    with pytest.raises(InputError, match="cannot be read"):
        replace(NOTHING, tsa=tmp_path / "none.pem").ready([leak])


def test_a_list_that_is_none_is_said(tmp_path: Path) -> None:
    path = tmp_path / "l.sealed"
    path.write_text("{}")
    with pytest.raises(InputError, match=r"l\.sealed"):
        replace(NOTHING, protected=(path,)).lists()


def test_two_that_write_one_result_at_once_leave_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.json"
    with replaced(path) as first, replaced(path) as second:
        assert first != second
        first.write_text("first")
        second.write_text("second")
    assert path.read_text() == "first"  # the one that ended last
    assert list(tmp_path.iterdir()) == [path]
