"""Gathers what a register's health is judged by: accesses, their line numbers, seals, and the live server if asked."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.audit.ranges import RANGES, joined
from kulla.registers.folder import RegisterFolder
from kulla.registers.health import Evidence, Finding, judge
from kulla.registers.manifest import Manifest
from kulla.registers.schema import ACCESS
from kulla.registers.sealing import index, signkeys, store
from kulla.registers.seals.chain import Fault, verify

_COLUMNS: Final = ("time", "account", "session", "line_num", "statement_id", "kind", "statement", "rows", "outcome",
                   "file_sha256", "line_from")  # fmt: skip
_RIGHTS: Final = frozenset({"superuser", "replication", "server_files", "server_program"})


def health(folder: RegisterFolder, now: datetime, dsn: str = "", public: Path | None = None) -> list[Finding]:
    """The findings. `dsn`: the live server, whose settings, roles and counters are looked at too; `public`: the agent's
    key, by which its chain of seals is verified.

    Raises InputError when no audit log was taken yet.
    """
    manifest = folder.read()
    accesses = _accesses(folder)
    spans = [pq.read_table(path) for path in sorted((folder.state / "lines").glob("*.parquet"))]
    ranges = joined(pa.concat_tables(spans).combine_chunks().unify_dictionaries()) if spans else RANGES.empty_table()
    weak, privileged, counted = _live(dsn, manifest) if dsn else (None, None, None)
    evidence = Evidence(
        accesses=accesses,
        ranges=ranges,
        weak=weak,
        privileged=privileged,
        statement_rows=counted,
        faults=_faults(folder, public, now) if public else None,
        graded=_graded(folder, accesses),
        rejects=_rejects(folder),
    )
    return judge(manifest, evidence)


def _accesses(folder: RegisterFolder) -> pa.Table:
    files = sorted(folder.accesses.glob("*.parquet"))
    if not files:
        raise InputError(f"{folder.path}: no audit log was read yet; kulla register accesses does it")
    schema = pa.schema([ACCESS.field(name) for name in _COLUMNS])
    tables = [pq.read_table(path, columns=list(_COLUMNS)).cast(schema) for path in files]
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _live(dsn: str, manifest: Manifest) -> tuple[tuple[str, ...], frozenset[str], pa.Table | None]:
    from kulla.registers.connect import postgres

    with postgres.connect(dsn, read_only=True) as connection:
        weak = postgres.audit_settings(connection).weak
        readers = postgres.readers(connection, manifest.table) if manifest.table else ()
        return (
            weak,
            frozenset(reader.role for reader in readers if _RIGHTS & set(reader.means)),
            postgres.statement_rows(connection),
        )


def _faults(folder: RegisterFolder, public: Path, now: datetime) -> list[Fault]:
    seals = store.read_chain(store.chain_file(folder))
    return verify(seals, signkeys.public_key(public), now=now, silence=timedelta(minutes=15))


def _graded(folder: RegisterFolder, accesses: pa.Table) -> dict[str, int]:
    if not store.chain_file(folder).exists():
        return {}
    graded = index.grades_of(folder)(accesses["file_sha256"].combine_chunks(), accesses["line_from"].combine_chunks())
    return dict(Counter(graded.to_pylist()))


def _rejects(folder: RegisterFolder) -> int:
    count = 0
    for path in sorted((folder.state / "rejects").glob("*")):
        with path.open("rb") as lines:
            count += sum(1 for _ in lines)
    return count
