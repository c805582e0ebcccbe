"""What an imprint says of itself, and what may not stand together."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa
import pytest

from kulla.errors import ConfigError, InputError
from kulla.registers.imprintformat import (
    ImprintInfo,
    as_outer,
    imprint_info,
    imprint_schema,
    require_key,
    require_same,
)  # fmt: skip

INFO = ImprintInfo("payroll", "k1", 2, 1, ("nid", "pagë"), (("name", "phone"),), ("nid",), reconstructed=True)


def test_the_schema_and_its_words() -> None:
    schema = imprint_schema(INFO)
    assert schema.names == ["record_no", "from", "to", "known_from", "known_to", "cell_nid", "cell_pagë", "block_0"]
    assert [schema.field(n).type for n in INFO.hashed] == [pa.binary(16)] * 3
    assert imprint_info(schema, "x") == INFO
    assert "known_from" not in imprint_schema(replace(INFO, reconstructed=False)).names


def test_other_files_are_refused() -> None:
    with pytest.raises(InputError, match="is no imprint"):
        imprint_info(pa.schema([("a", pa.int8())]), "x")
    with pytest.raises(ConfigError, match="format 9"):
        imprint_info(imprint_schema(replace(INFO, format=9)), "x")
    cut = imprint_schema(INFO)
    with pytest.raises(InputError, match="not those it describes"):
        imprint_info(cut.remove(3), "x")


@pytest.mark.parametrize(
    "other", [{"epoch": 3}, {"register": "civil"}, {"normaliser": 2}, {"side": "outer"}, {"key_id": "k2"}], ids=str
)
def test_what_differs_is_named(other: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=next(iter(other))):
        require_same(INFO, replace(INFO, **other), "x")  # type: ignore[arg-type]
    require_same(INFO, replace(INFO, part=9), "x")


def test_a_key_of_another_epoch_is_an_error() -> None:
    require_key(INFO, "k1", 2, "x")
    for key, epoch in (("k1", 1), ("k2", 2)):
        with pytest.raises(ConfigError, match="epoch"):
            require_key(INFO, key, epoch, "x")


def test_the_centres_step_is_made_once() -> None:
    stored = as_outer(INFO, "c", 4)
    assert (stored.side, stored.centre_key_id, stored.centre_epoch) == ("outer", "c", 4)
    with pytest.raises(ConfigError, match="already"):
        as_outer(stored, "c", 4)
