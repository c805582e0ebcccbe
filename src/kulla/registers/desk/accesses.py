"""From audit logs to `accesses/`: what `kulla register accesses` does.

Each run takes what is new: a log taken before is left, one that has grown is read on from where its last whole record
ended. The accesses of a log lie in one file, named after its content; the rejects beside it in `state/rejects/`, and
which lines of which sessions were there in `state/lines/` (`registers.audit.ranges`). A statement that another log of
the same server told before is taken once (`audittwice`).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kulla.errors import ConfigError, InputError, OutputError
from kulla.events.formats import FORMATS
from kulla.events.formats._api import Reject
from kulla.events.rejects import RejectWriter
from kulla.events.sandbox import Pool
from kulla.events.sniff import choose
from kulla.events.sources import Broken, Skipped
from kulla.registers.audit import mapped, mapping, postgres, ranges, sessions
from kulla.registers.desk.auditfiles import Known, Log, Memory, logs
from kulla.registers.desk.auditparts import Part, Task, parts, work
from kulla.registers.desk.audittwice import Earlier
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.schema import ACCESS, LABEL
from kulla.registers.sealing import index, store
from kulla.settings import Settings

log = logging.getLogger(__name__)

State = Literal["taken", "continued", "known", "skipped", "broken"]

_MAPPED_BYTES: Final = 1 << 30
"""A log that a mapping reads is held in memory whole."""

_GROWING: Final = ("time", "started", "line_num", "statement_id", "substatement_id", "as_of", "line_from", "line_to")
_STORED: Final[Mapping[str, Any]] = {
    "use_dictionary": [f.name for f in ACCESS if f.type == LABEL or f.name in ("statement", "rows")],
    "column_encoding": dict.fromkeys(_GROWING, "DELTA_BINARY_PACKED"),
}
"""Numbers that grow as differences, dictionaries only where values repeat: a third smaller, a quarter less time."""

UNKNOWN: Final = "no log of PostgreSQL, and no mapping fits; give one with --mapping"


@dataclass(frozen=True, slots=True)
class Options:
    """How logs are read.

    Attributes:
        mapping: for every log; None: PostgreSQL's, or the shipped mapping that fits.
        zone: of times without an offset, empty for the register's.
        poolers: addresses of trusted poolers, whose application name is believed.
        jobs: processes; 0 reads in this one.
    """

    mapping: mapping.Mapping | None = None
    zone: str = ""
    poolers: tuple[str, ...] = ()
    jobs: int = 0


@dataclass(slots=True)
class FileReport:
    """What became of one log. Counts only: no value of it. twice: accesses left out since another log told them."""

    name: str
    state: State
    format: str = ""
    reason: str = ""
    records: int = 0
    accesses: int = 0
    twice: int = 0
    sealed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    rejects: Counter[str] = field(default_factory=Counter)
    first: datetime | None = None
    last: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        plain = {
            name: getattr(self, name)
            for name in ("name", "state", "format", "reason", "records", "accesses", "twice", "sealed")
        }
        counts = {name: dict(getattr(self, name)) for name in ("kinds", "outcomes", "rejects")}
        return {**plain, **counts, "first": self.first, "last": self.last}

    def count(self, accesses: pa.Table) -> None:
        """Add accesses to the counts."""
        self.accesses += len(accesses)
        for name, counter in (("kind", self.kinds), ("outcome", self.outcomes)):
            for each in pc.value_counts(accesses.column(name).cast(pa.string())).to_pylist():
                counter[each["values"]] += each["counts"]
        if len(accesses):
            span = pc.min_max(accesses.column("time")).as_py()
            self.first = min(filter(None, (self.first, span["min"])))
            self.last = max(filter(None, (self.last, span["max"])))


def read_mapping(name: str) -> mapping.Mapping:
    """A mapping by its file, or by the name of a shipped one. Raises ConfigError."""
    known = mapping.shipped()
    if name in known:
        return known[name]
    try:
        return mapping.read_mapping(Path(name).read_text("utf-8"), name)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{name}: no file, and no shipped mapping; those are {', '.join(known)}") from error


def take(folder: RegisterFolder, paths: Sequence[str], options: Options, settings: Settings) -> Iterator[FileReport]:
    """Read the logs into the register's folder; a report for each, as it is done.

    Raises InputError when there is no such register, OutputError when a result cannot be written."""
    manifest = folder.read()
    zone = options.zone or manifest.timezone
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(f"{folder.manifest}: timezone: {zone} is no time zone; use a name such as UTC") from error
    made(folder.accesses)
    memory = Memory(made(folder.state) / "audit-logs.json")
    with Pool(work, options.jobs, settings) as pool:
        for found in logs(paths, settings, memory):
            if isinstance(found, Skipped | Broken):
                state: State = "skipped" if isinstance(found, Skipped) else "broken"
                yield FileReport(found.source.shown, state, reason=found.reason)
                continue
            report = _take(found, folder, memory, pool, options, zone)
            log.info("%s: %s, %d accesses", report.name, report.state, report.accesses)
            yield report


def _take(
    found: Log, folder: RegisterFolder, memory: Memory, pool: Pool[Task], options: Options, zone: str
) -> FileReport:
    name = found.source.shown
    if found.again:
        return FileReport(name, "known", reason="taken before")
    form, rule = _form(found, options)
    if not form:
        return FileReport(name, "skipped", reason=UNKNOWN)
    report = FileReport(name, "continued" if found.before else "taken", rule.name if rule else form)
    start = (found.before.consumed, found.before.lines) if found.before else (0, 0)
    try:
        if rule is None:
            made_parts: Iterable[Part] = parts(found.stream, found.size, form, start, zone, options.poolers, pool)
        else:
            made_parts = [_mapped(found, form, rule, zone, start[1])]
        end = _write(found, folder, made_parts, report, start)
    except InputError as error:
        return FileReport(name, "broken", report.format, str(error))
    memory.put(Known(found.sha256, found.size, *end, name, report.format), found.before)
    report.sealed = index.note(folder, found.sha256, found.stream, store.read_chain(store.chain_file(folder)))
    return report


def _form(found: Log, options: Options) -> tuple[str, mapping.Mapping | None]:
    """The log's format, and the mapping that reads it; ("", None) when there is none."""
    if options.mapping is None:
        best = choose(found.head, found.source.name, FORMATS)
        if best is not None and best.name in postgres.READERS:
            return best.name, None
        forms = {best.name} if best is not None else set()
        for rule in mapping.shipped().values():
            for form in rule.formats:
                if (form in forms or form == mapping.LINES) and _fits(found.head, form, rule):
                    return form, rule
        return "", None
    if options.mapping.formats == (mapping.LINES,):
        return mapping.LINES, options.mapping
    best = choose(found.head, found.source.name, [each for each in FORMATS if each.name in options.mapping.formats])
    return (best.name if best else options.mapping.formats[0]), options.mapping


def _fits(head: bytes, form: str, rule: mapping.Mapping) -> bool:
    whole = head[: head.rfind(b"\n") + 1] or head
    if form == mapping.LINES:
        first = whole.split(b"\n", 1)[0].removesuffix(b"\r").decode("utf-8", "backslashreplace")
        return rule.pattern is not None and rule.pattern.fullmatch(first) is not None
    return bool(rule.match) and set(rule.match) <= mapped.fields_of(whole, form)


def _mapped(found: Log, form: str, rule: mapping.Mapping, zone: str, taken_lines: int) -> Part:
    """A log read by a mapping: from its beginning, since later records may need it; what was taken is left out."""
    if found.size > _MAPPED_BYTES:
        raise InputError(f"{found.source.shown}: more than {_MAPPED_BYTES >> 20} MiB; split it, then read the parts")
    named: tzinfo = ZoneInfo(rule.timezone or zone)
    data = found.stream.read()
    made_ = mapped.read(data, rule, form, named)
    table = made_.lines.filter(pc.greater(made_.lines.column("line_from"), taken_lines))
    rejects = tuple(each for each in made_.rejects if each.position > taken_lines)
    return Part(table, rejects, ranges.ranges(table), len(table), found.size, _last(table, made_.count, taken_lines))


def _last(table: pa.Table, lines: int, before: int) -> int:
    """Where the last record starts that is whole: one without a line end is read again when the log has grown."""
    whole = table.filter(pc.less_equal(table.column("line_to"), lines)).column("line_from")
    return max(before, pc.max(whole).as_py() or 0)


def _write(
    found: Log, folder: RegisterFolder, made_parts: Iterable[Part], report: FileReport, start: tuple[int, int]
) -> tuple[int, int]:
    """Write the parts; the byte and line behind the last whole record."""
    stem = f"{found.sha256[:24]}-{start[1]}"
    path = folder.accesses / f"{stem}.parquet"
    waiting = path.with_suffix(".new")
    end = start
    spans: list[pa.Table] = []
    aside = _Aside(folder, stem, report)
    earlier = Earlier(folder, stem)
    try:
        with aside, pq.ParquetWriter(waiting, ACCESS, compression="zstd", compression_level=1, **_STORED) as writer:
            for part in made_parts:
                if part.died:
                    raise InputError(f"{report.name}: could not be read whole: {part.died}")
                fresh = earlier.fresh(part.accesses)
                report.twice += len(part.accesses) - len(fresh)
                table = _of_file(fresh, found.sha256)
                if len(table):
                    writer.write_table(table)
                report.count(table)
                report.records += part.records
                aside.put(part.rejects)
                spans.append(part.ranges)
                end = (part.consumed, part.lines) if part.consumed >= 0 else end
        waiting.chmod(0o600)
        waiting.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        waiting.unlink(missing_ok=True)
    joined = ranges.joined(pa.concat_tables(spans)) if spans else ranges.RANGES.empty_table()
    if len(joined):
        path = made(folder.state / "lines") / f"{stem}.parquet"
        pq.write_table(joined, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    return end


def _of_file(accesses: pa.Table, sha256: str) -> pa.Table:
    one = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(accesses)), pa.array([sha256]))
    columns: Mapping[str, Any] = {name: accesses.column(name) for name in sessions.ACCESSES.names}
    columns = {**columns, "file_sha256": one.cast(LABEL)}
    return pa.table({name: columns[name] for name in ACCESS.names}).cast(ACCESS)


class _Aside:
    """The file of a log's rejects, which is made when there is one."""

    def __init__(self, folder: RegisterFolder, stem: str, report: FileReport) -> None:
        self._path = folder.state / "rejects" / f"{stem}.jsonl"
        self._report = report
        self._writer: RejectWriter | None = None

    def put(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            if self._writer is None:
                made(self._path.parent)
                self._writer = RejectWriter(self._path)
            self._report.rejects[reject.reason] += 1
            self._writer.write(self._report.name, "", reject)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
