"""The centre's copy follows the owner's outbox, under one more key."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from payrolls import START, key, owner, row, write

from kulla.errors import ConfigError
from kulla.registers.desk.centreside import take_imprint
from kulla.registers.desk.imprinting import imprint
from kulla.registers.desk.imprintparts import parts_in
from kulla.registers.keyfile import new_key
from kulla.registers.keys import centre_key
from kulla.registers.tokens import unfixed, unwrapped


def test_parts_are_taken_once_and_dropped_when_gone(tmp_path: Path) -> None:
    secret, centre = key(), new_key("centre", START)
    folder = owner(tmp_path / "own")
    delivered, kept = folder.outbox / "imprint", tmp_path / "centre" / "registers" / "payroll" / "imprint"
    imprint(folder, secret)
    assert take_imprint(delivered, kept, centre) == (1, 0)
    assert take_imprint(delivered, kept, centre) == (0, 0)
    write(folder, "versions-000002", [row(90, 1, 7, 90)])
    imprint(folder, secret)
    assert take_imprint(delivered, kept, centre) == (1, 0)
    (first, _), (inner, _) = parts_in(kept), parts_in(delivered)
    assert first.info.side == "outer"
    stored, shipped = pq.read_table(first.path), pq.read_table(inner.path)
    back = unwrapped(unfixed(stored["cell_nid"].chunk(0)), centre_key(centre.secret()))
    assert (back == unfixed(shipped["cell_nid"].chunk(0))).all()
    imprint(folder, secret.rotated(START), full=True)
    assert take_imprint(delivered, kept, centre) == (1, 2)
    assert {part.info.epoch for part in parts_in(kept)} == {2}


def test_what_had_the_step_already_is_refused(tmp_path: Path) -> None:
    centre = new_key("centre", START)
    folder = owner(tmp_path / "own")
    imprint(folder, key())
    take_imprint(folder.outbox / "imprint", tmp_path / "kept", centre)
    with pytest.raises(ConfigError, match="already"):
        take_imprint(tmp_path / "kept", tmp_path / "again", centre)
