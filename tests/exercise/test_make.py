from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.exercise import make
from kulla.exercise.changes import OPEN
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.layout import REGISTERS, ExerciseFolder, Settings
from kulla.exercise.manifests import COLUMNS
from kulla.exercise.profile import Profile
from kulla.registers.schema import GROUPS, RECORD_MAP, VERSION_TIMES


def files(folder: Path) -> dict[str, Any]:
    """What each file holds. Of Parquet its table: zstd packs the same bytes in two ways at times (pyarrow 26)."""
    return {
        str(p.relative_to(folder)): pq.read_table(p) if p.suffix == ".parquet" else p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exercise") / "country"
    make.make_exercise(folder, Settings(1500, 3, 9, "steady", REGISTERS))
    return folder


def test_the_same_options_make_the_same_bytes(country: Path, tmp_path: Path) -> None:
    make.make_exercise(tmp_path / "again", Settings(1500, 3, 9, "steady", REGISTERS))
    assert files(tmp_path / "again") == files(country)
    make.make_exercise(tmp_path / "other", Settings(1500, 3, 8, "steady", REGISTERS))
    other, here = files(tmp_path / "other"), files(country)
    # Plates are issued in the same order everywhere, and manifests know of no seed.
    alike = {name for name in here if here[name] == other[name]}
    assert {name.split("/")[-1] for name in alike} <= {"manifest.toml", "records.parquet"}
    assert not any("history" in name or "truth" in name for name in alike)


def test_files_hold_the_declared_columns_as_plain_types(country: Path) -> None:
    for name in REGISTERS:
        here = ExerciseFolder(country).owner.register(name)
        found = pq.read_table(here.history).schema
        wanted = pa.schema([*COLUMNS[name], *VERSION_TIMES])
        assert found.names == wanted.names
        assert found.types == wanted.types


def test_maps_and_groups_name_each_record_once(country: Path) -> None:
    for name in REGISTERS:
        here = ExerciseFolder(country).owner.register(name)
        declared = here.read()
        records, groups = pq.read_table(here.map / "records.parquet"), pq.read_table(here.outbox / "groups.parquet")
        assert records.schema.types == RECORD_MAP.types
        assert groups.schema.names == GROUPS.names
        numbers = records["record_no"].to_pylist()
        assert numbers == sorted(set(numbers)) == groups["record_no"].to_pylist()
        keys = set(pq.read_table(here.history)[declared.record[0]].to_pylist())
        assert set(records["key"].to_pylist()) == keys
        assert len(keys) == len(numbers)
        assert not any(records["erased"].to_pylist())
    assert numbers[0] >= 1


def test_no_folder_is_open_to_others(country: Path) -> None:
    assert all(p.stat().st_mode & 0o077 == 0 for p in (country, *country.rglob("*")) if p.is_dir())


def test_manifests_declare_copies_and_what_is_special(country: Path) -> None:
    owner = ExerciseFolder(country).owner
    assert owner.names() == REGISTERS
    for name in REGISTERS:
        declared = owner.register(name).read()
        assert {copy.kind for copy in declared.copies} == {"replica", "backup", "test", "warehouse"}
        assert declared.remit == "municipality"
        assert declared.person == "nid"
        assert declared.administrators
        assert declared.electoral == (name == "voter")
    preference = owner.register("voter").read().column("preference")
    assert (preference.meaning, preference.category) == ("special", "politics")


def test_settings_are_kept_and_an_exercise_is_not_overwritten(country: Path) -> None:
    settings = ExerciseFolder(country).read()
    assert (settings.persons, settings.months, settings.seed, settings.profile) == (1500, 3, 9, "steady")
    with pytest.raises(OutputError, match="already"):
        make.make_exercise(country, Settings(10, 1, 1, "steady", REGISTERS))


def test_some_registers_only_are_the_same_as_among_all(country: Path, tmp_path: Path) -> None:
    make.make_exercise(tmp_path, Settings(1500, 3, 9, "steady", ("vehicle",)))
    assert ExerciseFolder(tmp_path).owner.names() == ("vehicle",)
    mine, all_ = files(tmp_path), files(country)
    part = "owner/registers/vehicle/history/versions-0000.parquet"
    assert mine[part] == all_[part]


def test_a_run_cut_short_can_be_made_again(country: Path, tmp_path: Path) -> None:
    history = tmp_path / "owner" / "registers" / "vehicle" / "history"
    history.mkdir(parents=True)
    (history / "versions-0007.parquet").write_bytes(b"rest of a run before")
    make.make_exercise(tmp_path, Settings(1500, 3, 9, "steady", ("vehicle",)))
    assert [p.name for p in history.iterdir()] == ["versions-0000.parquet"]


def test_long_histories_go_into_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "FILE_ROWS", 100)
    settings = Settings(1500, 3, 9, "steady", ("vehicle",))
    made = make.make_registers(tmp_path, settings, make.profile_of("steady"), chunk=150)
    history = ExerciseFolder(tmp_path).owner.register("vehicle").history
    assert len(list(history.iterdir())) == 3
    assert pq.read_table(history).num_rows == made[0].versions


def test_busy_registers_change_more_than_quiet_ones(tmp_path: Path) -> None:
    def versions(name: str) -> int:
        settings = Settings(1500, 6, 9, name, ("civil", "payroll"))
        return sum(m.versions for m in make.make_registers(tmp_path / name, settings, make.profile_of(name)))

    assert versions("busy") > versions("quiet")


STILL = dict.fromkeys(
    ("moves", "renames", "deaths", "raises", "job_moves", "job_ends", "hires", "phone_changes", "second_jobs", "sales",
     "late_corrections", "employer_corrections", "scrapped", "registered", "voter_phones", "preferences"), 0.0,
)  # fmt: skip
WILD = STILL | dict.fromkeys(("moves", "renames", "raises", "job_moves", "phone_changes", "sales", "preferences"), 1.5)
WILD |= {"late_corrections": 1.0, "employer_corrections": 1.0, "second_jobs": 1.0, "long_share": 1.0, "deaths": 0.2}


@pytest.mark.parametrize("persons", [1, 7, 400])
@pytest.mark.parametrize("months", [1, 2, 30])
@pytest.mark.parametrize("habits", [STILL, WILD, STILL | {"long_per_month": 0, "past_months": 0, "vehicles": 0.0}])
def test_any_country_is_whole(tmp_path: Path, persons: int, months: int, habits: dict[str, Any]) -> None:
    profile = Profile("x", registers=RegisterHabits(**habits))
    make.make_registers(tmp_path, Settings(persons, months, 2, "x"), profile, chunk=150)
    for name in REGISTERS:
        here = ExerciseFolder(tmp_path).owner.register(name)
        declared, table = here.read(), pq.read_table(here.history)
        key = [*declared.record, *declared.entry]
        since, until = table["valid_from"].cast(pa.int64()), pc.fill_null(table["valid_to"].cast(pa.int64()), OPEN)
        assert pc.all(pc.less(since, until)).as_py() in (True, None)
        same = [pc.equal(table[each].slice(1), table[each].slice(0, max(0, len(table) - 1))) for each in key]
        follows = pc.or_(
            pc.invert(functools.reduce(pc.and_, same)),
            pc.equal(since.slice(1), until.slice(0, max(0, len(table) - 1))),
        )
        assert pc.all(follows).as_py() in (True, None)
        # Records stand together: a key that comes twice comes in one stretch.
        firsts = pc.sum(pc.invert(functools.reduce(pc.and_, same)).cast(pa.int64())).as_py() or 0
        assert table.select(key).group_by(key).aggregate([]).num_rows == firsts + (len(table) > 0)
        if habits["sales"] == 0 and name in ("civil", "vehicle"):
            assert len(table) == pq.read_table(here.map).num_rows


def test_a_profile_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "still.toml"
    path.write_text("schema = 1\n[registers]\nmoves = 0.0\nrenames = 0.0\ndeaths = 0.0\n")
    made, _ = make.make_exercise(tmp_path / "x", Settings(500, 3, 1, str(path), ("civil",)))
    assert made[0].records == made[0].versions == 500
    with pytest.raises(InputError):
        make.profile_of(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("reads", "said"),
    [
        (make.Reads("some"), "--reads some"),
        (make.Reads("direct", misdeeds=("nothing",)), "nothing"),
        (make.Reads("direct", days=9999), "--days"),
        (make.Reads("direct", days=0), "--days"),
        (make.Reads("direct", accounts=0), "--accounts"),
        (make.Reads("direct", count=0), "--read-count"),
    ],
)
def test_reads_that_cannot_be_are_refused_before_anything_is_written(
    tmp_path: Path, reads: make.Reads, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        make.make_exercise(tmp_path / "x", Settings(100, 1, 1, "steady"), reads)
    assert not (tmp_path / "x").exists()


def test_an_exercise_with_reads_has_them_beside_its_registers(tmp_path: Path) -> None:
    reads = make.Reads("direct", accounts=10, days=8, count=500, misdeeds=("bulk_export:days=1",))
    made, written = make.make_exercise(tmp_path, Settings(1500, 1, 9, "steady", ("payroll",)), reads)
    assert [each.register for each in written] == ["payroll"]
    assert written[0].misdeeds == 1
    here = ExerciseFolder(tmp_path).owner.register("payroll")
    found = pq.read_table(here.outbox / "reads")
    assert found.num_rows == written[0].reads > 100
    assert set(found["record"].drop_null().to_pylist()) <= set(range(1, 1501))
    assert made[0].versions == pq.read_table(here.history).num_rows
    assert {p.name for p in ExerciseFolder(tmp_path).truth.iterdir()} >= {"misdeeds.jsonl", "transactions.parquet"}


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    for registers in ((), ("civil", "taxes")):
        with pytest.raises(UsageError, match="--registers"):
            make.make_exercise(tmp_path, Settings(10, 1, 1, "steady", registers))
    with pytest.raises(ConfigError):
        make.make_exercise(tmp_path, Settings(10, 1, 1, "nowhere", REGISTERS))
    with pytest.raises(InputError, match="no exercise"):
        ExerciseFolder(tmp_path).read()
