"""Sources looked at: files of several kinds, and a live table."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest
from payrolls import first_rows, row, table
from pgserver import Server

from kulla.errors import InputError, UsageError
from kulla.registers.connect import postgres
from kulla.registers.declare import Found, Told, manifest_of, suggestions
from kulla.registers.desk import declaring
from kulla.registers.desk.declaring import from_database, from_files

TOLD = Told("payroll", "Tax", "tax", "civil", "Law")


def meanings(found: Found) -> dict[str, str]:
    return {s.name: s.best.meaning for s in suggestions(found)}


def test_csv_and_parquet_show_the_same(tmp_path: Path) -> None:
    rows = table(first_rows())
    pq.write_table(rows, tmp_path / "a.parquet")
    pcsv.write_csv(rows, tmp_path / "a.csv")
    one, two = from_files([tmp_path / "a.parquet"]), from_files([tmp_path / "a.csv"])
    assert meanings(one) == meanings(two)
    made = [manifest_of(f, TOLD, [s.column() for s in suggestions(f)]) for f in (one, two)]
    assert made[0].record == made[1].record == ("nid",)
    assert made[0].entry == made[1].entry


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_csv_of_other_habits(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.csv"
    lines = [delimiter.join(("nid", '"full name"')), *(delimiter.join((r["nid"], '"Çela, A"')) for r in first_rows(9))]  # type: ignore[arg-type]
    path.write_text("\n".join(lines), "utf-8-sig")
    assert from_files([path]).sample.column_names == ["nid", "full name"]
    assert from_files([path]).sample["full name"][0].as_py() == "Çela, A"


def test_a_folder_is_all_its_files(tmp_path: Path) -> None:
    for name, person in (("a", 1), ("b", 2)):
        pq.write_table(table([row(person, 1, 1, 0)]), tmp_path / f"{name}.parquet")
    (tmp_path / "readme.md").write_text("x")
    assert from_files([tmp_path]).sample.num_rows == 2


def test_a_sample_comes_from_all_over_a_large_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(declaring, "SAMPLE", 40)
    pq.write_table(pa.table({"n": list(range(10_000))}), tmp_path / "a.parquet", row_group_size=1000)
    seen = from_files([tmp_path / "a.parquet"]).sample["n"].to_pylist()
    assert len(seen) == 40
    assert min(seen) < 1000
    assert max(seen) >= 9000
    (tmp_path / "a.csv").write_text("n\n" + "\n".join(map(str, range(1000))))
    assert from_files([tmp_path / "a.csv"]).sample.num_rows == 40


def test_files_that_cannot_be_used_are_told_without_their_content(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 secret")
    (tmp_path / "b.csv").write_bytes(b"nid,name\nJ1,\xff\xfe\n")
    (tmp_path / "c.csv").write_bytes(b"nid,name\nJ1,secret,more\n")
    for name in ("a.parquet", "b.csv", "c.csv", "missing.csv"):
        with pytest.raises(InputError) as told:
            from_files([tmp_path / name])
        assert "secret" not in str(told.value)
    (tmp_path / "d.csv").write_text("a\n1\n")
    (tmp_path / "e.csv").write_text("b\n1\n")
    with pytest.raises(InputError, match="its columns are not those"):
        from_files([tmp_path / "d.csv", tmp_path / "e.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no CSV or Parquet"):
        from_files([tmp_path / "empty"])


def test_a_live_table(pg: Server, database: str) -> None:
    dsn = pg.dsn(database=database)
    with postgres.connect(dsn) as connection:
        columns = "nid text, period text, full_name text, gross numeric(12,2), PRIMARY KEY (nid, period)"
        postgres.execute(connection, f"CREATE TABLE payroll ({columns})")
        rows = table([r for r in first_rows(60) if r["valid_to"] is None]).select(
            ["nid", "period", "full_name", "gross_salary"]
        )
        postgres.copy_in(connection, "payroll", ["nid", "period", "full_name", "gross"],
                         rows.rename_columns(["nid", "period", "full_name", "gross"]).to_batches())  # fmt: skip
        postgres.execute(connection, "CREATE MATERIALIZED VIEW copied AS SELECT * FROM payroll")
    found = from_database(dsn, "payroll")
    assert found.key == ("nid", "period")
    assert meanings(found) == {"nid": "national_id", "period": "period", "full_name": "name", "gross": "money"}
    made = manifest_of(found, TOLD, [s.column() for s in suggestions(found)])
    assert (made.record, made.entry, made.table) == (("nid",), ("period",), "payroll")
    assert "materialised view public.copied" in [c.name for c in made.copies]
    assert made.administrators
