"""Nothing personal leaves the owner: all that the centre would get is searched for every value of the exercise.

A small country is made, its logs are taken through the commands as an owner would, and what lies in the outboxes, and
what the commands said, is searched for each value of the registers that has six characters or more. Values that are no
one's own (names of municipalities, positions) may occur: groups and manifests name them.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kulla.cli import main

SHORTEST = 6
PERSONAL = {
    *("nid", "given_name", "family_name", "father_name", "full_name", "owner_name", "phone", "plate", "address"),
    *("birth_date", "employer_id", "employer", "gross_salary"),
}


def called(*arguments: str) -> tuple[int, str]:
    """Exit code and everything that a command says, on either stream."""
    said = io.BytesIO()
    stream = io.TextIOWrapper(said, "utf-8", write_through=True)
    before = sys.argv
    sys.argv = ["kulla", *arguments]
    code = 0
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            main.run()
    except SystemExit as left:
        code = int(left.code or 0)
    finally:
        sys.argv = before
    return code, said.getvalue().decode()


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("country")
    code, said = called(
        "exercise", "make", str(folder / "c"), "--persons", "600", "--months", "2", "--seed", "3",
        "--registers", "civil,payroll", "--reads", "logs", "--accounts", "12", "--days", "4",
        "--misdeeds", "bulk_export,error_after_read,cursor_evasion,copy_evasion",
    )  # fmt: skip
    assert code == 0, said
    return folder / "c"


def values(country: Path) -> set[str]:
    """Every personal value of the registers, as text, as the log would write it."""
    found: set[str] = set()
    for path in country.rglob("history/*.parquet"):
        table = pq.read_table(path)
        for name in PERSONAL & set(table.column_names):
            texts = table.column(name).cast(pa.string()).unique().to_pylist()
            found |= {text for text in texts if text and len(text) >= SHORTEST}
    return found


def words(text: bytes) -> set[str]:
    """Every stretch of text that could be, or begin, a value: looked up by its parts of `SHORTEST` bytes."""
    return {text[at : at + SHORTEST].decode("latin-1") for at in range(len(text) - SHORTEST + 1)}


def content(path: Path) -> bytes:
    """What a file says, unpacked."""
    if path.suffix != ".parquet":
        return path.read_bytes()
    table = pq.read_table(path)
    parts = [repr(table.schema.metadata).encode(), b" ".join(name.encode() for name in table.column_names)]
    for column in table.columns:
        flat = column.combine_chunks()
        parts += [buffer.to_pybytes() for array in _arrays(flat) for buffer in array.buffers() if buffer is not None]
    return b" ".join(parts)


def _arrays(array: pa.Array) -> Iterator[pa.Array]:
    yield array
    if isinstance(array, pa.DictionaryArray):
        yield array.dictionary


def leaks(text: bytes, wanted: set[str]) -> set[str]:
    """The values that stand in the text."""
    there = words(text)
    encoded = {value: value.encode() for value in wanted}
    likely = [value for value, data in encoded.items() if data[:SHORTEST].decode("latin-1") in there]
    return {value for value in likely if encoded[value] in text}


def test_the_search_finds_what_is_there(country: Path) -> None:
    wanted = values(country)
    assert len(wanted) > 1_000
    for name in ("civil", "payroll"):
        folder = country / "owner" / "registers" / name
        versions = b" ".join(content(path) for path in (folder / "history").glob("*.parquet"))
        assert len(leaks(versions, wanted)) > 400
    log = b" ".join(path.read_bytes() for path in (country / "owner" / "logs").rglob("*.csv"))
    assert leaks(log, wanted)


def test_nothing_personal_is_in_what_leaves_or_is_said(country: Path, tmp_path: Path) -> None:
    wanted, owner = values(country), str(country / "owner")
    key = str(tmp_path / "owner.key")
    said = [called("register", "keys", "new", key)]
    for name in ("civil", "payroll"):
        logs = str(country / "owner" / "logs" / name)
        said += [
            called("register", "show", name, "--owner", owner),
            called("register", "check", name, "--owner", owner),
            called("register", "imprint", name, "--owner", owner, "--key", key),
            called("register", "accesses", name, logs, "--owner", owner, "--jobs", "0"),
            called("register", "reads", name, "--owner", owner, "--workers", "1"),
            called("register", "health", name, "--owner", owner),
            called("register", "watch", name, "--owner", owner, "--key", key),
            called("register", "watch", name, "--owner", owner, "--key", key, "--anew", "--json"),
        ]
    assert {code for code, _ in said} <= {0, 3}, said
    everything = "".join(text for _, text in said).encode()
    assert not leaks(everything, wanted)
    left = [path for path in (country / "owner").rglob("outbox/**/*") if path.is_file()]
    kinds = {path.parent.name for path in left}
    assert {"imprint", "reads", "outbox"} <= kinds
    reads = [pq.read_metadata(path).num_rows for path in left if path.parent.name == "reads"]
    assert sum(reads) > 100
    for path in left:
        found = leaks(content(path), wanted)
        assert not found, f"{path.name} holds {len(found)} personal values"
