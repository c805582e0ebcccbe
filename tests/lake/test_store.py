from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import duckdb
import lakes
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from lakes import NOON, SCOPE

from kulla.errors import InputError
from kulla.events.logsource import Logsource
from kulla.events.schema import SCHEMA
from kulla.lake import Lake, QueryError, replay
from kulla.lake.layout import split

EVENTS: list[lakes.Made] = [
    {"raw": "one", "fields": {"Image": "a.exe", "image": None}, "product": "windows", "service": "sysmon", "host": "x"},
    {"raw": None, "fields": [("a[0]", "1"), ("a[1]", "2")], "time": NOON - timedelta(days=1), "category": "webserver"},
    {"raw": "three", "time": None, "time_quality": "missing"},
    {"raw": "four", "time": NOON - timedelta(days=4000)},
    {"raw": "five", "time": NOON + timedelta(days=3)},
]


def by_id(table: pa.Table) -> pa.Table:
    return pa.table(table.unify_dictionaries().combine_chunks()).sort_by("event_id")


def stored(lake: Lake) -> pa.Table:
    return pa.Table.from_batches(list(lake.search("", SCOPE)), SCHEMA)


def test_events_come_back_whole(tmp_path: Path) -> None:
    table = lakes.table(EVENTS)
    with Lake(tmp_path) as lake:
        assert lake.append(table, "aa" * 32, 0)
        lake.sync()
        assert by_id(stored(lake)).to_pylist() == by_id(table).to_pylist()
        assert stored(lake).schema.equals(SCHEMA)


def test_partitions_are_by_zone_constituent_logsource_and_day(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        found = {(each.partition.logsource, each.partition.day): each.rows for each in lake.log.files()}
    assert found == {("windows.sysmon", "2026-05-11"): 1, ("-.webserver", "2026-05-10"): 1, ("-.-", "undated"): 3}


def test_a_chunk_is_taken_once_and_in_order(tmp_path: Path) -> None:
    table = lakes.table(EVENTS)
    with Lake(tmp_path) as lake:
        assert lake.append(table.slice(0, 2), "aa" * 32, 0)
        assert not lake.append(table.slice(0, 2), "aa" * 32, 0)
        with pytest.raises(ValueError, match="chunk 2 of a source before its chunk 1"):
            lake.append(table, "aa" * 32, 2)
        assert lake.append(table.slice(2), "aa" * 32, 1)
        assert lake.taken("civil", "mof", "aa" * 32) == 2
    with Lake(tmp_path) as again:
        assert not again.append(table.slice(2), "aa" * 32, 1)
        assert again.taken("civil", "mof", "aa" * 32) == 2
        assert again.taken("civil", "mod", "aa" * 32) == 0
        assert again.count("", SCOPE) == len(table)


def test_the_same_file_of_two_constituents_is_two_sources(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        assert lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        assert lake.append(lakes.table(EVENTS, constituent="mod"), "aa" * 32, 0)
        assert lake.count("", SCOPE | {("civil", "mod")}) == 2 * len(EVENTS)


def test_a_chunk_has_one_owner(tmp_path: Path) -> None:
    mixed = pa.concat_tables([lakes.table(EVENTS), lakes.table(EVENTS, constituent="mod")])
    with Lake(tmp_path) as lake:
        for table in (mixed, lakes.table(EVENTS, constituent=""), lakes.table(EVENTS, zone="")):
            with pytest.raises(ValueError, match="one zone and one constituent"):
                lake.append(table, "aa" * 32, 0)


def test_another_process_sees_what_was_appended(tmp_path: Path) -> None:
    with Lake(tmp_path) as one, Lake(tmp_path) as other:
        assert one.append(lakes.table(EVENTS), "aa" * 32, 0)
        assert other.count("", SCOPE) == len(EVENTS)
        assert not other.append(lakes.table(EVENTS), "aa" * 32, 0)
        assert other.append(lakes.table(EVENTS[:1]), "bb" * 32, 0)
        assert one.count("", SCOPE) == len(EVENTS) + 1


def test_events_come_newest_first_those_without_a_time_last(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        for number in range(3):
            times = [NOON - timedelta(minutes=(7 * n + number) % 31 * 100) for n in range(20)]
            lake.append(lakes.table([{"raw": "x", "time": t} for t in [*times, None]]), f"{number:064}", 0)
        found = stored(lake)["time"].to_pylist()
        assert found[-3:] == [None] * 3
        assert found[:-3] == sorted(found[:-3], reverse=True)
        for limit in (1, 7, 30, 62, 100):
            some = [time for batch in lake.search("", SCOPE, limit=limit) for time in batch["time"].to_pylist()]
            assert some == found[:limit]


def test_since_is_included_and_until_is_not(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.append(lakes.table([*({"time": NOON + timedelta(seconds=n)} for n in range(5)), {"time": None}]), "aa", 0)
        span = (NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
        assert lake.count("", SCOPE, *span) == 2
        assert lake.count("", SCOPE, NOON + timedelta(seconds=1)) == 4
        assert lake.count("", SCOPE, None, NOON + timedelta(seconds=1)) == 1
        assert lake.count("", SCOPE, None, NOON + timedelta(seconds=4)) == 4  # a file's last event, exactly
        assert lake.count("", SCOPE) == 6


def test_a_query_that_cannot_be_read_is_refused_at_once(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake, pytest.raises(QueryError):
        lake.search("(", SCOPE)


def test_batches_give_events_back_as_rules_see_them(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        batches = list(lake.batches(SCOPE))
        tables = by_id(pa.concat_tables([batch.table() for batch in batches]))
        assert tables.to_pylist() == by_id(lakes.table(EVENTS)).to_pylist()
        some = list(lake.batches(SCOPE, logsources=[Logsource("windows", None, "sysmon")]))
        assert [batch.raw.to_pylist() for batch in some] == [["one"]]
        assert list(lake.batches(SCOPE, since=NOON + timedelta(days=9))) == []


def test_events_are_replayed_in_order_of_time_whatever_file_they_lie_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lakes.small_blocks(monkeypatch)
    monkeypatch.setattr(replay, "_TOGETHER", 2)
    with Lake(tmp_path) as lake:
        for chunk, product in enumerate(("windows", "linux", "windows")):
            times = [NOON + timedelta(minutes=40 * number + 7 * chunk) for number in range(20)]
            odd = [None, NOON - timedelta(days=9000), NOON + timedelta(days=400)] if chunk == 1 else []
            rows = [{"time": each, "product": product, "raw": str(each)} for each in [*times, *odd]]
            lake.append(lakes.table(rows, ingest=NOON + timedelta(days=30)), f"{chunk:064x}", 0)
        stretches = list(lake.replayed(SCOPE))
        moments = [[t for batch in each.batches for t in batch.time.cast(pa.int64()).to_pylist()] for each in stretches]
        assert sum(map(len, moments)) == sum(each.looked for each in stretches) == 63
        settled = [each.settled for each in stretches]
        assert len([each for each in settled if each is not None]) > 5
        for number, bound in enumerate(settled):
            rest = [time for later in moments[number + 1 :] for time in later]
            assert bound is None or all(time is not None and time >= bound for time in rest)
        assert None in moments[0]
        some = list(lake.replayed(SCOPE, logsources=[Logsource("linux", None, None)]))
        assert sum(each.looked for each in some) == 63
        assert sum(len(batch) for each in some for batch in each.batches) == 23


def test_other_engines_read_the_same(tmp_path: Path) -> None:
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        names = [str(path) for path in lake.paths(SCOPE)]
        rows = duckdb.execute(
            "SELECT raw, zone, fields['Image'] FROM read_parquet(?, hive_partitioning = true)", [names]
        )
        assert ("one", "civil", "a.exe") in rows.fetchall()
    delta = DeltaTable(str(tmp_path)).to_pyarrow_table()
    assert sorted(delta["raw"].drop_null().to_pylist()) == ["five", "four", "one", "three"]
    assert set(delta["constituent"].to_pylist()) == {"mof"}


def test_duckdb_finds_what_the_lake_finds(tmp_path: Path) -> None:
    events = [
        {"raw": f"{word} Failed {n}", "fields": {"EventID": str(4620 + n % 9), "Image": f"C:\\x\\{word}.exe"}}
        for n in range(300)
        for word in ("alpha", "BETA")
    ]
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(events), "aa" * 32, 0)
        names = [str(path) for path in lake.paths(SCOPE)]
        for query, where in (
            ("beta failed", "contains(lower(raw), 'beta') AND contains(lower(raw), 'failed')"),
            ("EventID:4625", "fields['EventID'] = '4625'"),
            ("Image:*\\alpha.exe not 7", "lower(fields['Image']) LIKE '%\\alpha.exe' AND NOT contains(raw, '7')"),
            (
                "EventID:[4621 TO 4623] or alpha",
                "fields['EventID']::INT BETWEEN 4621 AND 4623 OR contains(raw, 'alpha')",
            ),
        ):
            sql = f"SELECT event_id FROM read_parquet(?) WHERE {where}"
            said = {row[0] for row in duckdb.execute(sql, [names]).fetchall()}
            assert set(lakes.ids(lake.search(query, SCOPE))) == said
            assert said


def test_unusual_names_are_kept(tmp_path: Path) -> None:
    scope = frozenset([("zona/e ..%", "Ministria é Financave")])
    with Lake(tmp_path) as lake:
        lake.append(lakes.table(EVENTS, "Ministria é Financave", "zona/e ..%"), "aa" * 32, 0)
        assert lake.count('constituent:"ministria é financave"', scope) == len(EVENTS)
        assert all(tmp_path in path.resolve().parents for path in lake.paths(scope))
        assert lake.check(deep=True) == []


def test_a_folder_that_is_no_lake_is_refused(tmp_path: Path) -> None:
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path), pa.table({"x": [1]}))
    with pytest.raises(InputError, match="not a lake"):
        Lake(tmp_path)


def test_files_are_ordered_by_time_in_zstd(tmp_path: Path) -> None:
    times = [NOON + timedelta(seconds=n * 7 % 10) for n in range(10)]
    with Lake(tmp_path) as lake:
        lake.append(lakes.table([{"time": time} for time in times]), "aa" * 32, 0)
    (path,) = lakes.files(tmp_path)
    assert pq.read_metadata(path).row_group(0).column(0).compression == "ZSTD"
    assert pq.read_table(path)["time"].to_pylist() == sorted(times)


def test_splitting_keeps_every_event_once() -> None:
    table = lakes.table(EVENTS * 3)
    parts = split(table)
    assert sum(len(part) for _, part in parts) == len(table)
    ids = pc.unique(pa.chunked_array([chunk for _, part in parts for chunk in part["event_id"].chunks]))
    assert len(ids) == len(table)


def test_an_event_is_found_by_its_id(tmp_path: Path) -> None:
    table = lakes.table(EVENTS)
    with Lake(tmp_path) as lake:
        lake.append(table, "aa" * 32, 0)
        for row in table.to_pylist():
            for near in (None, row["time"]):
                found = lake.event(row["event_id"], SCOPE, near)
                assert found is not None
                assert found.to_pylist() == [row]
        assert lake.event(b"\0" * 16, SCOPE) is None
        assert lake.event(row["event_id"], SCOPE, NOON - timedelta(days=1)) is not None


def test_questions_go_on_while_events_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One handle for all threads: a reader sees whole chunks, and never fewer than before."""
    lakes.small_blocks(monkeypatch)
    chunk = lakes.table([{"raw": f"x {n}", "fields": {"n": str(n)}} for n in range(10)])
    seen: list[list[int]] = [[], []]
    done = threading.Event()

    def ask(counts: list[int]) -> None:
        while not done.is_set():
            counts.append(lake.count("x n:*", SCOPE))

    with Lake(tmp_path) as lake:
        readers = [threading.Thread(target=ask, args=(counts,)) for counts in seen]
        for each in readers:
            each.start()
        try:
            for number in range(12):
                lake.append(chunk, "aa" * 32, number)
                if number % 5 == 4:
                    lake.compact(every=True)
        finally:
            done.set()
            for each in readers:
                each.join()
        assert lake.count("x n:*", SCOPE) == 120
    for counts in seen:
        assert counts == sorted(counts)
        assert counts
        assert all(count % 10 == 0 for count in counts)


def test_events_by_their_ids(tmp_path: Path) -> None:
    """In the span first, then anywhere; of the scope alone; what is nowhere is left out."""
    day = timedelta(days=1)
    with Lake(tmp_path) as lake:
        rows = lakes.table(
            [{"raw": f"n{n}", "time": NOON + n * day} for n in range(-3, 3)] + [{"raw": "no", "time": None}]
        )
        lake.append(rows, "aa" * 32, 0)
        ids = rows["event_id"].to_pylist()
        wanted = [ids[0], ids[3], ids[6], b"0" * 16]
        for span in ((None, None), (NOON, NOON), (NOON - day, None)):
            found = lake.events(wanted, SCOPE, *span)
            assert sorted(raw for each in found for raw in each["raw"].to_pylist()) == ["n-3", "n0", "no"]
        assert lake.events(wanted, frozenset([("civil", "moh")])) == []
        assert lake.events([], SCOPE) == []
