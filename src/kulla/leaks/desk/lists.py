"""Protected lists as files: sealed at their owner's, answered at a centre, opened at their owner's."""

from __future__ import annotations

import base64
import binascii
import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson
import pyarrow as pa

from kulla.errors import ConfigError, InputError, OutputError
from kulla.leaks.desk.request import Compared
from kulla.leaks.protected import (
    MEANINGS,
    ListKey,
    Member,
    SealedList,
    answer,
    new_list_key,
    open_answer,
    read_list,
    seal_list,
)
from kulla.registers.desk.recordmap import replaced
from kulla.registers.keyfile import refuse_inside, unsafe
from kulla.registers.manifest import Manifest, Meaning
from kulla.registers.normalise import normalise

_MOST_BYTES: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened answer. members: persons of the list; lines: 1-based lines of its file whose person is in the leak."""

    leak: str
    members: int
    lines: tuple[int, ...]


def seal(members: Path, key: Path, name: str, out: Path) -> int:
    """Seal a list; its key is made when there is none. How many ids, phones and plates were sealed."""
    listed = [member for line in _members(members).values() for member in line]
    if not key.exists():
        _write_key(key, new_list_key())
    sealed = seal_list(name, listed, _read_key(key))
    with replaced(out) as waiting:
        waiting.write_bytes(sealed)
    return len(dict.fromkeys(listed))


def unseal(path: Path, members: Path, key: Path) -> Opened:
    """Open an answer."""
    lines = _members(members)
    listed = [member for line in lines.values() for member in line]
    leak, found = open_answer(_read(path), listed, _read_key(key), str(path))
    there = set(found)
    return Opened(leak, len(lines), tuple(at for at, line in lines.items() if there & set(line)))


def read_sealed(path: Path) -> SealedList:
    """A sealed list as its owner gave it."""
    return read_list(_read(path), str(path))


def write_answer(sealed: SealedList, leaked: Iterable[Member], leak: str, out: Path) -> None:
    """Answer a sealed list."""
    with replaced(out) as waiting:
        waiting.write_bytes(answer(sealed, leaked, leak))


def leaked_members(compared: Sequence[Compared], manifests: dict[str, Manifest]) -> list[Member]:
    """Everything in the recognised tables by which somebody can be found: normalised ids, phones, plates."""
    found: dict[Member, None] = {}
    for each in compared:
        manifest = manifests[each.matched.register]
        for match in each.matched.columns:
            meaning = manifest.column(match.register_column).meaning
            if meaning in MEANINGS:
                found |= dict.fromkeys((meaning, value) for value in _normal(_column(each, match.column), meaning))
    return list(found)


def _column(compared: Compared, column: int) -> pa.Array:
    return compared.table.data.column(column).combine_chunks()


def _normal(values: pa.Array | pa.ChunkedArray, meaning: Meaning) -> list[str]:
    whole = values if isinstance(values, pa.Array) else pa.concat_arrays(values.chunks)
    return [text for text in normalise(whole.unique().cast(pa.string()), meaning).to_pylist() if text]


def _members(path: Path) -> dict[int, tuple[Member, ...]]:
    """The members of a list by line of the file. Raises InputError naming the line that has nothing usable.

    Blank lines are passed over but counted: a line told must be the line of that person. Of a record over several
    lines it is the last.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, places = [], []
            for row in reader:
                rows.append(row)
                places.append(reader.line_num)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); give a CSV in UTF-8") from None
    if rows and not set(rows[0]) & set(MEANINGS):
        raise InputError(f"{path}:1: none of the columns {', '.join(MEANINGS)}; name at least one")
    columns: dict[str, list[Any]] = {m: normalise(_texts(rows, m), _meaning(m)).to_pylist() for m in MEANINGS}
    found = {}
    for at, place in enumerate(places):
        line = tuple((m, columns[m][at]) for m in MEANINGS if columns[m][at])
        if not line:
            raise InputError(f"{path}:{place}: no id, phone or plate that can be used; correct or remove the line")
        found[place] = line
    return found


def _meaning(word: str) -> Meaning:
    return next(m for m in ("national_id", "phone", "plate") if m == word)


def _texts(rows: Sequence[dict[str, str]], name: str) -> pa.Array:
    return pa.array([(row.get(name) or "").strip() or None for row in rows], pa.string())


def _write_key(path: Path, key: ListKey) -> None:
    refuse_inside(path)
    text = {"kulla_list_key": 1, "blind": base64.b64encode(key.blind).decode(),
            "private": base64.b64encode(key.private).decode()}  # fmt: skip
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(orjson.dumps(text, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _read_key(path: Path) -> ListKey:
    problem = unsafe(path)
    if problem:
        raise ConfigError(problem)
    try:
        told = orjson.loads(_read(path))
        if told["kulla_list_key"] != 1:
            raise ValueError(path)
        return ListKey(base64.b64decode(told["blind"]), base64.b64decode(told["private"]))
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, binascii.Error):
        raise ConfigError(f"{path}: is no key of a protected list") from None


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise InputError(f"{path}: larger than a list or answer can be")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
