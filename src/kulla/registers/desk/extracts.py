"""Extracts on the owner's machine: the files behind `kulla extract`.

    owner/state/extracts.jsonl    the ledger
    owner/state/decoys.sealed     the pools of decoys, encrypted with the owner's key

Neither may leave the owner.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import ConfigError, InputError, OutputError, UnsafeInput, UsageError
from kulla.events.sandbox import run_confined
from kulla.registers.decoys import code, collusion
from kulla.registers.decoys.identify import Verdict, identify
from kulla.registers.decoys.persons import Country
from kulla.registers.decoys.roll import Roll
from kulla.registers.desk.recordmap import read_map, replaced
from kulla.registers.extracts import formats, ledger, pools, table
from kulla.registers.extracts.sealed import Pools, decoy_key, epoch_of, opened, sealed
from kulla.registers.extracts.search import Found, Wanted, search, wanted
from kulla.registers.folder import OwnerFolder, RegisterFolder, made
from kulla.registers.keyfile import KeyFile
from kulla.registers.manifest import Meaning
from kulla.registers.schema import VALID_FROM, VALID_TO
from kulla.settings import Settings

_log = logging.getLogger(__name__)

_CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for.

    Attributes:
        columns: in this order; empty: all.
        where: column and value, all of which rows must have.
        legal_basis: empty: the manifest's.
        colluders: 0, or 2, 3, 5: the collusion tier with its own number of slots.
    """

    register: str
    recipient: str
    purpose: str
    form: formats.Format
    columns: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    legal_basis: str = ""
    slots: int = code.MOST
    colluders: int = 0


@dataclass(frozen=True, slots=True)
class Identified:
    """What a file's marks say, and which extracts the named recipients had."""

    verdict: Verdict
    rows: int
    extracts: tuple[ledger.Entry, ...]


@dataclass(frozen=True, slots=True)
class Reserved:
    """The ids, phones and plates to be reserved, and how many decoys were given new ids."""

    ids: tuple[str, ...]
    phones: tuple[str, ...]
    replaced: int
    plates: tuple[str, ...] = ()


def make(owner: OwnerFolder, request: Request, key: KeyFile, out: Path, now: datetime) -> ledger.Entry:
    """Write a marked copy to `out` and its line to the ledger; the line.

    The line is written before the file takes its name, so nothing is handed out that the ledger does not know.

    Raises UsageError for an electoral register and what cannot be marked, InputError, ConfigError, OutputError.
    """
    request = _checked(owner, request)
    with _only_one(owner):
        return _Work(owner, key, now).make(request, out)


def reserve(
    owner: OwnerFolder, key: KeyFile, now: datetime, slots: int = code.MOST, refused: Path | None = None
) -> Reserved:
    """Make the pools of every register that can hold decoys, if need be, and say what is to be reserved.

    refused: a text file of ids that the issuer has given to persons; decoys that have them get others.
    """
    _check_slots(slots, 0)
    with _only_one(owner):
        work = _Work(owner, key, now)
        changed = work.refuse(_ids_in(refused)) if refused else 0
        work.grow(slots)
        work.save()
        decoys = work.pools.decoys
        ids, phones = (d.id for d in decoys), {d.phone for d in decoys if d.phone} | work.settled("phone")
        return Reserved(tuple(sorted(ids)), tuple(sorted(phones)), changed, tuple(sorted(work.settled("plate"))))


def entries(owner: OwnerFolder) -> list[ledger.Entry]:
    """The ledger. Raises InputError when its chain is broken."""
    return _ledger(owner)[0]


def find(owner: OwnerFolder, path: Path, key: KeyFile, settings: Settings) -> Identified:
    """Whose copy a file is. It is read in a confined process.

    Raises InputError when it cannot be read, UnsafeInput when reading it would exceed a limit, ConfigError when the key
    is another.
    """
    found, _ = _ledger(owner)
    if not found:
        raise InputError(f"{_ledger_file(owner)}: nothing was handed out yet, so there is no mark to look for")
    secret, held = _opened(owner, key)
    names, marks = [f"{d.given} {d.family}" for d in held.all], [(d.pool, d.slot, d.side) for d in held.all]
    looked_for = wanted(marks, [d.id for d in held.all], names, [d.phone for d in held.all])
    seen = _confined(path, looked_for, settings)
    issued, starts = pools.issued(decoy_key(secret), found)
    verdict = identify(issued, *pools.seen(seen.marks, starts, issued.held.shape[1]))
    named = {score.name for score in verdict.named}
    return Identified(verdict, seen.rows, tuple(entry for entry in found if entry.recipient in named))


def _confined(path: Path, looked_for: Wanted, settings: Settings) -> Found:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        found: Any = run_confined(_searched, (str(path), looked_for), settings)
    except UnsafeInput as error:
        raise UnsafeInput(f"{path}: refused: {error}") from None
    if found is None:
        raise InputError(f"{path}: cannot be read as a workbook, Parquet or delimited text")
    assert isinstance(found, Found)
    return found


def _searched(path: str, looked_for: Wanted) -> Found | None:
    """In the confined process: the decoys in a file; None when it cannot be read. No row of the file leaves here."""
    try:
        return search(formats.read_any(Path(path).read_bytes()), looked_for)
    except (ValueError, OSError):
        return None


class _Work:
    """One command's work on an owner's decoys, under the lock."""

    def __init__(self, owner: OwnerFolder, key: KeyFile, now: datetime) -> None:
        self._owner, self._key, self._now = owner, key, now
        self._secret, self.pools = _opened(owner, key)
        self._decoys = decoy_key(self._secret)
        self._before = self.pools
        self._rolls = _rolls(owner, now)
        self._country: Country | None = None

    @property
    def country(self) -> Country:
        """What decoys are drawn from: looked up only when decoys are lacking."""
        if self._country is None:
            keys = [read_map(self._owner.register(name)).column("key").to_pylist() for name in self._owner.names()]
            self._country = pools.country(self._rolls, keys, self.pools)
        return self._country

    def grow(self, slots: int) -> list[int]:
        """Make the common pool so large that every register holds so many slots; the slots that do.

        A register with too few persons is left out, with a warning.
        """
        needs = []
        for roll in self._rolls:
            need = pools.Need(roll, (), slots)
            try:
                need.check()
                needs.append(need)
            except InputError as error:
                _log.warning("%s; its copies get fewer", error)
        return self._grow(pools.COMMON, needs) if needs else []

    def _grow(self, pool: str, needs: Sequence[pools.Need]) -> list[int]:
        found = pools.enough(self.pools, pool, needs)
        if found is None:
            self.pools = pools.grown(self._decoys, self.pools, pool, self.country, needs)
            found = pools.enough(self.pools, pool, needs)
        return found or []

    def settled(self, meaning: Meaning) -> set[str]:
        """The plates, or the earlier phones, that decoys have besides what every decoy has."""
        columns = {(roll.name, column) for roll in self._rolls for column in roll.having(meaning)}
        return {text for decoy in self.pools.decoys for register, what, text in decoy.fixed
                if text and (register, what.rpartition(" ")[0]) in columns}  # fmt: skip

    def refuse(self, ids: Sequence[str]) -> int:
        """Replace the ids that the issuer refused; how many there were."""
        self.pools, changed = pools.refuse(self._decoys, self.pools, ids, self.country)
        self._country = None
        return changed

    def save(self) -> None:
        """Keep the pools, sealed, if they have changed."""
        if self.pools != self._before:
            data = sealed(self.pools, self._secret, _epoch(self._owner, self._key), os.urandom(12))
            made(_state(self._owner))
            with replaced(_sealed_file(self._owner)) as waiting:
                waiting.write_bytes(data)
            self._before = self.pools

    def make(self, request: Request, out: Path) -> ledger.Entry:
        """The extract: its file and its line."""
        roll = next((each for each in self._rolls if each.name == request.register), None)
        if roll is None:
            raise UsageError(f"register {request.register}: no column means national_id, so it can hold no decoys")
        request = replace(request, columns=request.columns or tuple(roll.rows.column_names))
        table.check(roll, request.columns, request.where)
        past, last = _ledger(self._owner)
        slots = self._slots(request, roll, past)
        number = ledger.number_of(past, request.recipient)
        if number is None:
            others = sorted(ledger.issued_numbers(past).values())
            number = code.issue(self._decoys, request.recipient, others, pools.COMMON)
        decoys = pools.chosen(self._decoys, self.pools, number, slots)
        rows = table.decoy_rows(self._decoys, roll, self._rolls, decoys, request.where)
        present = table.present(decoys, rows, roll.person)
        if len(present) < request.slots:
            _log.warning("register %s: %d decoys for %d slots wanted", roll.name, len(present), request.slots)
        copy = table.marked(roll, rows, request.columns, request.where)
        self.save()
        buffer = BytesIO()
        formats.write(buffer, copy, request.form, roll.name)
        data = buffer.getbuffer()
        used = {p: table.bitmap([d.slot for d in present if d.pool == p]) for p in sorted({d.pool for d in present})}
        entry = ledger.Entry(
            seq=len(past) + 1, time=self._now.astimezone(UTC).isoformat(timespec="seconds"), register=roll.name,
            recipient=request.recipient, purpose=request.purpose,
            legal_basis=request.legal_basis or roll.manifest.legal_basis, columns=request.columns,
            where=tuple(name for name, _ in request.where), where_hash=pools.where_hash(self._decoys, request.where),
            format=request.form, rows=copy.num_rows, decoys=len(present), sha256=hashlib.sha256(data).hexdigest(),
            code=f"{number:016x}", slots=used, colluders=request.colluders,
        )  # fmt: skip
        with replaced(out) as waiting:
            waiting.write_bytes(data)
            _append(self._owner, ledger.line_of(entry, last))
        return entry

    def _slots(self, request: Request, roll: Roll, past: Sequence[ledger.Entry]) -> dict[str, list[int]]:
        """Pool → the slots that the copy gets: common ones, those of this choice of rows, and all he had before."""
        common = self.grow(min(request.slots, code.MOST))
        need = pools.Need(roll, request.where, request.slots)
        pool = pools.pool_name(self._decoys, roll.name, request.where, request.colluders)
        found = {pools.COMMON: common, pool: self._grow(pool, [need]) if pool != pools.COMMON else common}
        if pool == pools.COMMON:
            need.check()
        for entry in past:
            if entry.recipient == request.recipient:
                for name, bits in entry.slots.items():
                    found[name] = sorted({*found.get(name, ()), *table.slots_of(bits)})
        return found


def _checked(owner: OwnerFolder, request: Request) -> Request:
    manifest = owner.register(request.register).read()
    if manifest.electoral:
        raise UsageError(
            f"register {request.register} is electoral: no invented person may stand in any copy of a voters' "
            "register. Hand it out unmarked, under the electoral law's own rules"
        )
    for name, text in (("--recipient", request.recipient), ("--purpose", request.purpose)):
        if not text.strip():
            raise UsageError(f"{name}: say it in words; it goes into the ledger")
    if request.colluders and request.colluders not in collusion.LENGTHS:
        raise UsageError(f"--colluders {request.colluders}: choose one of {', '.join(map(str, collusion.LENGTHS))}")
    request = replace(request, slots=collusion.LENGTHS.get(request.colluders, request.slots))
    _check_slots(request.slots, request.colluders)
    return request


def _check_slots(slots: int, colluders: int) -> None:
    if not colluders and not code.FEWEST <= slots <= code.MOST:
        raise UsageError(f"--slots {slots}: from {code.FEWEST} to {code.MOST}; more only with --colluders")


def _rolls(owner: OwnerFolder, now: datetime) -> list[Roll]:
    """The registers that can hold decoys, with their rows as of now, by name."""
    found = []
    for name in owner.names():
        folder = owner.register(name)
        manifest = folder.read()
        if not manifest.electoral and any(c.meaning == "national_id" for c in manifest.columns):
            rows, keys = _current(folder, [c.name for c in manifest.columns], now), read_map(folder).column("key")
            found.append(Roll(manifest, rows, frozenset(keys.to_pylist())))
    return found


def _current(folder: RegisterFolder, columns: list[str], now: datetime) -> pa.Table:
    """The rows that are valid now, columns that are dictionaries as what they stand for."""
    parts: list[pa.Table] = []
    moment = pa.scalar(now, pa.timestamp("us", tz="UTC"))
    for path in sorted(folder.history.glob("*.parquet")):
        try:
            with pq.ParquetFile(path) as file:
                if VALID_FROM not in file.schema_arrow.names:
                    continue
                for batch in file.iter_batches(_CHUNK, columns=[*columns, VALID_FROM, VALID_TO]):
                    begun = pc.less_equal(batch.column(VALID_FROM), moment)
                    ended = pc.fill_null(pc.less_equal(batch.column(VALID_TO), moment), False)
                    kept = batch.filter(pc.and_not(begun, ended)).select(columns)
                    parts.append(pa.table([_plain(column) for column in kept.columns], names=columns))
        except (pa.ArrowException, OSError, KeyError) as error:
            raise InputError(f"{path}: the history cannot be read ({type(error).__name__})") from None
    if not parts:
        raise InputError(f"{folder.history}: no versions here; keep the register's history first")
    return pa.concat_tables(parts).combine_chunks()


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _opened(owner: OwnerFolder, key: KeyFile) -> tuple[bytes, Pools]:
    """The secret that the decoys belong to, and the decoys: none before the first are made."""
    if key.kind != "owner":
        raise ConfigError(f"key {key.id}: is a key of kind {key.kind}; decoys need the owner's")
    secret = key.secret(_epoch(owner, key))
    path = _sealed_file(owner)
    return secret, opened(path.read_bytes(), secret, str(path)) if path.exists() else Pools()


def _epoch(owner: OwnerFolder, key: KeyFile) -> int:
    """The epoch that the decoys were first made with: codes already handed out must stay what they are."""
    path = _sealed_file(owner)
    return epoch_of(path.read_bytes(), str(path)) if path.exists() else key.current


def _ledger(owner: OwnerFolder) -> tuple[list[ledger.Entry], str]:
    path = _ledger_file(owner)
    return ledger.entries(path.read_bytes() if path.exists() else b"", str(path))


def _append(owner: OwnerFolder, line: bytes) -> None:
    path = _ledger_file(owner)
    made(_state(owner))
    try:
        handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _ids_in(path: Path) -> list[str]:
    try:
        return re.findall(r"[0-9A-T][0-9]{8}[A-W]", path.read_text("utf-8").upper())
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read ({type(error).__name__}); give a text file of ids") from None


@contextmanager
def _only_one(owner: OwnerFolder) -> Iterator[None]:
    """Hold the lock of the owner's extracts: two at once would break the ledger's chain."""
    if not owner.names():
        raise InputError(f"{owner.path}: no register here; make one with kulla register add")
    with (made(_state(owner)) / "extracts.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise OutputError(f"{owner.path}: another command makes extracts here; try again later") from error
        yield


def _state(owner: OwnerFolder) -> Path:
    return owner.path / "state"


def _ledger_file(owner: OwnerFolder) -> Path:
    return _state(owner) / "extracts.jsonl"


def _sealed_file(owner: OwnerFolder) -> Path:
    return _state(owner) / "decoys.sealed"
