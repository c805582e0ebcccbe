"""What the centre holds of each register, read from its folder."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.http import Http404

from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.site.place import centre
from kulla.errors import KullaError
from kulla.leaks.desk.centrefolder import CentreFolder
from kulla.registers.manifest import Manifest

BASELINE: Final = timedelta(days=90)
_COLUMNS: Final = ("account", "snapshot_from", "extent", "outcome", "rows", "sealed")
SUMMARY: Final = pa.schema([
    pa.field("account", pa.string()), pa.field("day", pa.date32()), pa.field("reads", pa.int64()),
    pa.field("rows", pa.int64()), pa.field("unknown", pa.int64()), pa.field("failed", pa.int64()),
    pa.field("unsealed", pa.int64()),
])  # fmt: skip
"""Reads by account and UTC day: their number, the rows that the log says, those of unknown extent, those that ended in
an error or were cancelled, those whose log lines were never sealed."""


@dataclass(frozen=True, slots=True)
class Held:
    """A register as the centre holds it. `constituent` is the row by whose zone and name it is seen."""

    name: str
    path: Path
    manifest: Manifest
    constituent: Constituent

    @property
    def calibrated(self) -> datetime | None:
        """When `kulla leak calibrate` was last run; None: never, so that no account is named in a trace."""
        path = self.path / "calibration.json"
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None

    @property
    def imprinted(self) -> datetime | None:
        """When the newest part of the imprint was delivered."""
        times = [path.stat().st_mtime for path in (self.path / "imprint").glob("*.parquet")]
        return datetime.fromtimestamp(max(times), UTC) if times else None


def held(user: Any) -> list[Held]:
    """The registers over whose constituent the user has `registers.see`, by name. One whose manifest cannot be read, or
    whose constituent is none of this centre's, is left out: `kulla centre check` names it."""
    known = {row.name: row for row in door.constituents(user, "registers.see")}
    folder = CentreFolder(centre().path)
    found = []
    for path in sorted((folder.path / "registers").glob("*/manifest.toml")):
        try:
            manifest = folder.register(path.parent.name).read()
        except KullaError:
            continue
        if manifest.constituent in known:
            found.append(Held(path.parent.name, path.parent, manifest, known[manifest.constituent]))
    return found


def one(user: Any, name: str) -> Held:
    """One register that the user sees. Raises Http404."""
    for each in held(user):
        if each.name == name:
            return each
    raise Http404


def summary(register: Held) -> pa.Table:
    """Reads by account and day (SUMMARY), kept in state/guard and made anew when a delivery changed the reads."""
    files = sorted((register.path / "reads").glob("*.parquet"))
    told = "\n".join(f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files)
    stamp = hashlib.blake2b(told.encode(), digest_size=8).hexdigest()
    kept = centre().state / "guard" / f"{register.name}-{stamp}.parquet"
    if kept.exists():
        return pq.read_table(kept)
    parts = [_counted(pq.read_table(path, columns=list(_COLUMNS))) for path in files]
    whole = pa.concat_tables(parts) if parts else SUMMARY.empty_table()
    sums = [(name, "sum") for name in SUMMARY.names[2:]]
    table = whole.group_by(["account", "day"]).aggregate(sums)
    table = table.select(["account", "day", *(f"{name}_sum" for name in SUMMARY.names[2:])])
    table = table.rename_columns(SUMMARY.names).cast(SUMMARY).sort_by([("account", "ascending"), ("day", "ascending")])
    kept.parent.mkdir(mode=0o700, exist_ok=True)
    for old in kept.parent.glob(f"{register.name}-{'?' * len(stamp)}.parquet"):
        old.unlink(missing_ok=True)
    waiting = kept.with_suffix(f".{secrets.token_hex(4)}.new")  # another request may be making the same
    pq.write_table(table, waiting)
    waiting.replace(kept)
    return table


def _counted(reads: pa.Table) -> pa.Table:
    account = pc.fill_null(pc.cast(reads["account"], pa.string()), "")
    ones = [
        pa.array([1] * 0, pa.int64()) if not reads.num_rows else pa.repeat(pa.scalar(1, pa.int64()), reads.num_rows),
        pc.fill_null(reads["rows"], 0),
        _is(reads["extent"], "unknown"),
        pc.subtract(1, _is(reads["outcome"], "ok")),
        _is(reads["sealed"], "never"),
    ]
    table = pa.table([account, pc.cast(reads["snapshot_from"], pa.date32()), *ones], names=SUMMARY.names)
    done = table.group_by(["account", "day"]).aggregate([(name, "sum") for name in SUMMARY.names[2:]])
    done = done.select(["account", "day", *(f"{name}_sum" for name in SUMMARY.names[2:])])
    return done.rename_columns(SUMMARY.names).cast(SUMMARY)


def _is(column: pa.ChunkedArray, word: str) -> pa.ChunkedArray:
    return pc.cast(pc.fill_null(pc.equal(pc.cast(column, pa.string()), word), False), pa.int64())


def pseudonym(register: str, account: str) -> str:
    """What stands for an account on this centre's pages: keyed, so that nobody can tell it from a list of names.

    It is this console's own; the owner's findings bear the owner's.
    """
    key = hashlib.blake2b(centre().keys.console().encode(), person=b"kulla-guard").digest()
    message = f"{register}\0{account}".encode()
    return "A-" + base64.b32encode(hmac.digest(key, message, "sha256")[:10]).decode()[:12]


@dataclass(frozen=True, slots=True)
class Account:
    """An account's reads: `days` maps each day on which it read to the number of its reads. `usual` and `peers` are the
    medians of reads on a day with reads: its own in the 90 days before the last, and of all other accounts then."""

    pseudonym: str
    reads: int
    days: Mapping[date, int]
    last: date
    on_last: int
    usual: float
    peers: float
    unknown: int
    failed: int
    unsealed: int

    @property
    def times_usual(self) -> float | None:
        """How many times its usual day its last day was; None when there is no usual one."""
        return self.on_last / self.usual if self.usual else None


def accounts(register: Held) -> list[Account]:
    """Every account that read, those whose last day stands out most from their own past first."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in summary(register).to_pylist():
        rows.setdefault(row["account"], []).append(row)
    medians = {name: _usual(mine) for name, mine in rows.items()}
    ranked = sorted(filter(None, medians.values()))
    found = []
    for name, mine in rows.items():
        total = {key: sum(row[key] for row in mine) for key in ("reads", "unknown", "failed", "unsealed")}
        found.append(
            Account(
                pseudonym(register.name, name), days={row["day"]: row["reads"] for row in mine}, last=mine[-1]["day"],
                on_last=mine[-1]["reads"], usual=medians[name], peers=_peers(ranked, medians[name]), **total,
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: (-(each.times_usual or 0), -each.reads, each.pseudonym))


def health(every: Sequence[Account]) -> dict[str, Any]:
    """The health of a register's audit, as far as what was delivered tells it; shares are None without reads."""
    reads = sum(each.reads for each in every)
    return {
        "accounts": len(every),
        "reads": reads,
        "last": max((each.last for each in every), default=None),
        "unsealed": sum(each.unsealed for each in every) / reads if reads else None,
        "unknown": sum(each.unknown for each in every) / reads if reads else None,
        "failed": sum(each.failed for each in every) / reads if reads else None,
    }


def _usual(mine: list[dict[str, Any]]) -> float:
    last = mine[-1]["day"]
    before = [row["reads"] for row in mine[:-1] if row["day"] >= last - BASELINE]
    return float(median(before)) if before else 0.0


def _peers(ranked: Sequence[float], own: float) -> float:
    """The median of `ranked` without one `own` (none of it when that is 0); 0 of nothing. Without sorting anew for each
    account: a register has thousands.

    >>> _peers([1.0, 2.0, 4.0, 9.0], 2.0), _peers([1.0, 2.0], 0.0), _peers([3.0], 3.0)
    (4.0, 1.5, 0.0)
    """
    gap = bisect_left(ranked, own) if own else len(ranked)
    count = len(ranked) - (gap < len(ranked))
    if not count:
        return 0.0
    middle = [ranked[at + (at >= gap)] for at in ((count - 1) // 2, count // 2)]
    return sum(middle) / 2


def behind(register: Held, wanted: str) -> str | None:
    """The account behind one of our pseudonyms; None when it stands for none of the register's reads."""
    names = pc.unique(summary(register)["account"]).to_pylist()
    return next((name for name in names if hmac.compare_digest(pseudonym(register.name, name), wanted)), None)
