"""The edge of `kulla register watch`: reads and context from the owner's folder, findings to its outbox.

context/staff.parquet, explanations.parquet, watched.parquet     as registers.schema has them; each may be missing
context/decoys.parquet                                           one column, record_no
outbox/reads/*.parquet                                           READ tables, in any order and any files
state/insider.npz                                                what is remembered of accounts
outbox/findings.jsonl                                            one alert a line, pseudonyms only
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from kulla.alert import Alert
from kulla.errors import InputError
from kulla.registers.desk.recordmap import read_map, replaced
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.imprint import plan, record_tokens
from kulla.registers.insider.administrators import Hit, acts, undeclared
from kulla.registers.insider.combine import THRESHOLD
from kulla.registers.insider.context import Context, context
from kulla.registers.insider.explain import act_finding, explained
from kulla.registers.insider.finding import alert
from kulla.registers.insider.pseudonym import Pseudonyms, pseudonyms
from kulla.registers.insider.reads import DayReads, by_day, day_number, day_of
from kulla.registers.insider.state import State, from_bytes, to_bytes
from kulla.registers.insider.watch import close_day, watch_day
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import owner_keys
from kulla.registers.manifest import Manifest
from kulla.registers.normalise import SEPARATOR
from kulla.registers.schema import EXPLANATIONS, GROUPS, READ, STAFF, WATCHED
from kulla.registers.tokens import fixed

FINDINGS: Final = "findings.jsonl"
STATE: Final = "insider.npz"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run of the watch found.

    Attributes:
        alerts: new findings, in order of time.
        days, reads: watched in this run; first, last: the days, None when there was none.
        late: reads that came for days already watched, and were not judged.
        accounts: known so far.
        notes: what limits the result, in words.
    """

    alerts: tuple[Alert, ...]
    days: int
    reads: int
    first: date | None
    last: date | None
    late: int
    accounts: int
    notes: tuple[str, ...]


def watch(
    folder: RegisterFolder,
    key: KeyFile,
    hits: Iterable[Hit] = (),
    since: date | None = None,
    until: date | None = None,
    anew: bool = False,
    threshold: float = THRESHOLD,
) -> Outcome:
    """Watch the days that were not watched yet, as far as since and until (both included) allow.

    `hits` are those of rules on host, backup and database logs. `anew` forgets what was remembered. Raises InputError
    and ConfigError for files that cannot be read, OutputError when the outcome cannot be written; then nothing is.
    """
    manifest = folder.read()
    told, notes = _context(folder, manifest, key)
    names = pseudonyms(manifest.name, key.secret())
    state = State() if anew else read_state(folder)
    tally = _Tally(manifest, names, threshold)
    for reads in _days(folder, manifest, told, since, until):
        tally.day(state, reads, told)
    alerts = tally.alerts + _acts(manifest, told, names, state, hits, since, until)
    alerts.sort(key=lambda each: (each.time_first or datetime.min.replace(tzinfo=UTC), each.id))
    new = _write(folder, alerts, state.forgotten())
    return Outcome(
        tuple(new), tally.days, tally.reads, tally.first, tally.last, tally.late, len(state.names),
        (*notes, *tally.notes()),
    )  # fmt: skip


class _Tally:
    """Watches day after day and keeps count."""

    def __init__(self, manifest: Manifest, names: Pseudonyms, threshold: float) -> None:
        self._manifest, self._names, self._threshold = manifest, names, threshold
        self.alerts: list[Alert] = []
        self.days = self.reads = self.late = self._unsealed = 0
        self.first: date | None = None
        self.last: date | None = None

    def day(self, state: State, reads: DayReads, told: Context) -> None:
        """One day; one already watched only counts as late."""
        if reads.day <= state.last:
            self.late += len(reads)
            return
        watched = watch_day(state, reads, told, self._threshold)
        for scored in watched.found:
            finding = explained(self._manifest.name, scored, watched.today, reads, self._names)
            self.alerts.append(alert(finding, self._manifest))
        close_day(watched)
        self.days, self.reads, self.last = self.days + 1, self.reads + len(reads), day_of(reads.day)
        self.first = self.first or self.last

    def notes(self) -> list[str]:
        """What to say of reads that came too late."""
        if not self.late:
            return []
        return [f"{self.late:,} reads lie on days already watched and were not judged again; --anew watches all days"]


def read_state(folder: RegisterFolder) -> State:
    """What is remembered; a fresh state when nothing is. Raises InputError for a file that is none."""
    path = folder.state / STATE
    try:
        return from_bytes(path.read_bytes(), str(path))
    except FileNotFoundError:
        return State()


def subjects_known(folder: RegisterFolder) -> list[str]:
    """Every account a pseudonym of this register can stand for."""
    state = read_state(folder)
    staff = _table(folder.context / "staff.parquet", STAFF)
    listed = [] if staff is None else pc.unique(staff["account"]).to_pylist()
    return list(dict.fromkeys([*state.names, *state.alerted, *listed, *folder.read().administrators]))


def _context(folder: RegisterFolder, manifest: Manifest, key: KeyFile) -> tuple[Context, list[str]]:
    staff = _table(folder.context / "staff.parquet", STAFF)
    explanations = _table(folder.context / "explanations.parquet", EXPLANATIONS)
    watched = _table(folder.context / "watched.parquet", WATCHED)
    decoys = _table(folder.context / "decoys.parquet", pa.schema([GROUPS.field("record_no")]))
    notes = []
    if staff is None:
        notes.append(f"no {folder.context / 'staff.parquet'}: no roles, offices or remits; peers are all accounts")
    if explanations is None:
        notes.append(f"no {folder.context / 'explanations.parquet'}: no case file or appointment can clear a read")
    numbers = [] if watched is None else _watched(folder, manifest, key, watched)
    if watched is not None and len(numbers) < watched.num_rows:
        notes.append(f"{watched.num_rows - len(numbers):,} of {watched.num_rows:,} watched persons are in no record, or"
                     " their tokens are of another key")  # fmt: skip
    found = context(
        manifest, staff, explanations, _table(folder.outbox / "groups.parquet", GROUPS), numbers,
        [] if decoys is None else decoys["record_no"].to_pylist(),
    )  # fmt: skip
    return found, notes


def _watched(folder: RegisterFolder, manifest: Manifest, key: KeyFile, watched: pa.Table) -> list[int]:
    """Record numbers whose record token, in any epoch of the key, is one of the watched tokens."""
    known = read_map(folder)
    known = known.filter(pc.is_valid(known["key"]))
    fields = pc.split_pattern(known["key"].combine_chunks(), SEPARATOR)
    if isinstance(fields, pa.ChunkedArray):
        fields = fields.combine_chunks()
    parts = {name: pc.list_element(fields, at) for at, name in enumerate(manifest.record)}
    numbers = known["record_no"]
    found: set[int] = set()
    for epoch in key.epochs:
        if epoch.secret is not None:
            tokens = fixed(*record_tokens(owner_keys(epoch.secret), plan(manifest, key.id, epoch.epoch), parts))
            found.update(numbers.filter(pc.is_in(tokens, value_set=watched["token"])).to_pylist())
    return sorted(found)


def _table(path: Path, schema: pa.Schema) -> pa.Table | None:
    """A table of the owner's; None when there is none. Raises InputError naming the file."""
    if not path.exists():
        return None
    try:
        table = pq.read_table(path)
        missing = sorted(set(schema.names) - set(table.column_names))
        if missing:
            raise InputError(f"{path}: has no column {missing[0]}; it needs {', '.join(schema.names)}")
        return table.select(schema.names).cast(schema)
    except pa.ArrowException as error:
        raise InputError(f"{path}: cannot be read as the table it should be ({type(error).__name__})") from None


def _days(
    folder: RegisterFolder, manifest: Manifest, told: Context, since: date | None, until: date | None
) -> Iterator[DayReads]:
    """Each day with reads, in order; memory holds one."""
    files = sorted((folder.outbox / "reads").glob("*.parquet"))
    if not files:
        return
    try:
        source = ds.dataset([str(path) for path in files], schema=READ, format="parquet")
        span = _span(files)
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{folder.outbox / 'reads'}: cannot be read ({type(error).__name__})") from None
    tz = ZoneInfo(manifest.timezone)
    day, end = (each.astimezone(tz).date() for each in span)
    day, end = max(day, since or day), min(end, until or end)
    while day <= end:
        start, stop = (datetime.combine(each, time(), tz).astimezone(UTC) for each in (day, day + timedelta(days=1)))
        moment = ds.field("snapshot_to")
        table = source.to_table(filter=(moment >= pa.scalar(start, READ.field("snapshot_to").type))
                                & (moment < pa.scalar(stop, READ.field("snapshot_to").type)))  # fmt: skip
        yield from by_day(table, manifest.timezone, told.pooled)
        day += timedelta(days=1)


def _span(files: Sequence[Path]) -> tuple[datetime, datetime]:
    """The first and last snapshot_to, from the files' own statistics where they have them."""
    lows, highs = [], []
    for path in files:
        column = pq.read_table(path, columns=["snapshot_to"])["snapshot_to"]
        if len(column):
            bounds = pc.min_max(column).as_py()
            lows.append(bounds["min"])
            highs.append(bounds["max"])
    return (min(lows), max(highs)) if lows else (datetime(2000, 1, 2, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC))


def _acts(
    manifest: Manifest, told: Context, names: Pseudonyms, state: State, hits: Iterable[Hit], since: date | None,
    until: date | None,
) -> list[Alert]:  # fmt: skip
    found = []
    for act in undeclared(acts(hits, manifest.timezone), told.jobs):
        day = date.fromisoformat(act.day)
        if (since and day < since) or (until and day > until) or told.cleared(act.account, act.first):
            continue
        state.alerted.setdefault(act.account, day_number(day))
        found.append(alert(act_finding(manifest.name, act, names), manifest))
    return found


def _write(folder: RegisterFolder, alerts: Sequence[Alert], state: State) -> list[Alert]:
    """Append alerts not yet there, then the state: a run that stops between repeats itself without doubling any."""
    path = made(folder.outbox) / FINDINGS
    old = path.read_bytes() if path.exists() else b""
    try:
        known = {orjson.loads(line)["id"] for line in old.splitlines() if line}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise InputError(f"{path}: a line is no alert; move the file away") from None
    new = [each for each in alerts if each.id not in known]
    if new:
        with replaced(path) as waiting:
            waiting.write_bytes(old + b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in new))
    with replaced(made(folder.state) / STATE) as waiting:
        waiting.write_bytes(to_bytes(state))
    return new
