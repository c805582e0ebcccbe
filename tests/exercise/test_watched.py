from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.exercise.frame import frame
from kulla.exercise.layout import ExerciseFolder, Settings
from kulla.exercise.make import make_exercise
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.keyfile import new_key
from kulla.registers.keys import owner_keys
from kulla.registers.schema import WATCHED
from kulla.registers.tokens import fixed

KEY = new_key("owner", datetime(2024, 1, 1, tzinfo=UTC))


def test_watched_persons_are_found_by_their_tokens_alone(tmp_path: Path) -> None:
    make_exercise(tmp_path, Settings(4000, 1, 3, "steady", ("civil", "vehicle")), key=KEY)
    civil = ExerciseFolder(tmp_path).owner.register("civil")
    table = pq.read_table(civil.context / "watched.parquet")
    assert table.schema.equals(WATCHED)
    known = pq.read_table(civil.map / "records.parquet")
    nids = known["key"].combine_chunks()
    tokens, _ = record_tokens(owner_keys(KEY.secret()), plan(civil.read(), KEY.id, KEY.current), {"nid": nids})
    found = known.filter(pc.is_in(fixed(tokens), value_set=table["token"].combine_chunks()))
    assert found["record_no"].to_pylist() == (np.flatnonzero(frame(4000, 3).is_watched) + 1).tolist()
    assert len(found) == len(table) > 0
    assert table["token"].to_pylist() == sorted(table["token"].to_pylist())


def test_registers_of_things_and_exercises_without_a_key_have_no_such_list(tmp_path: Path) -> None:
    make_exercise(tmp_path / "a", Settings(400, 1, 3, "steady", ("civil", "vehicle")), key=KEY)
    make_exercise(tmp_path / "b", Settings(400, 1, 3, "steady", ("civil", "vehicle")))
    lists = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("watched.parquet")]
    assert lists == ["a/owner/registers/civil/context/watched.parquet"]


def test_no_id_stands_in_the_list(tmp_path: Path) -> None:
    make_exercise(tmp_path, Settings(4000, 1, 3, "steady", ("civil",)), key=KEY)
    civil = ExerciseFolder(tmp_path).owner.register("civil")
    body = (civil.context / "watched.parquet").read_bytes()
    table = pq.read_table(civil.context / "watched.parquet")
    keys = pa.concat_arrays(pq.read_table(civil.map / "records.parquet")["key"].chunks).to_pylist()
    assert not any(key.encode() in body or key.encode() in b"".join(table["token"].to_pylist()) for key in keys)
