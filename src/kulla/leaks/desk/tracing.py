"""The trace: files → tables → recognised rows → pieces with their times → what explains them → trace.json's value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from kulla import __version__
from kulla.errors import InputError, UsageError
from kulla.leaks.assess import assess, facts_of
from kulla.leaks.attribute.copies import micros
from kulla.leaks.candidate import Attribution, Margin
from kulla.leaks.date import shipped_drops
from kulla.leaks.dated import Mixture, Piece
from kulla.leaks.desk.attributing import Attributing, Explained
from kulla.leaks.desk.calibrating import Kept, Raised, inputs_sha256, read_kept
from kulla.leaks.desk.dating import pieces_of
from kulla.leaks.desk.hearing import MOST_LEAKS
from kulla.leaks.desk.readlog import reads_count
from kulla.leaks.desk.recognising import Recognising
from kulla.leaks.desk.request import Compared, Looked, Made, Request, Stage
from kulla.leaks.desk.runs import Run, begin, earlier_runs, end, opened, runs_in
from kulla.leaks.desk.site import Keyed, Site
from kulla.leaks.discretion import Discretion
from kulla.leaks.evidence import commitment, intake
from kulla.leaks.intake import take
from kulla.leaks.leaktable import LeakFile
from kulla.leaks.plain import attribution_plain, iso, outcome_words, persons_of, piece_name, piece_plain, table_found
from kulla.leaks.recognise.identify import FEWEST_HITS
from kulla.leaks.sightings import spread
from kulla.leaks.trace import FEWEST, Input, RegisterUsed, Trace
from kulla.settings import Settings

_FORMS: Final = "xlsx, xls, ods, csv, json, parquet, sqlite, Access, HTML, PDF, zip or a chat export"


ENOUGH: Final = 3
"""Of so many times FEWEST rows a centre may say that they are not from a register: hundreds that are would show."""


def trace(request: Request, site: Site, settings: Settings, stage: Stage, looked: Looked | None = None) -> Made:
    """Trace a leak.

    Every run is noted in the site's log before a key is read, and again when it has ended.
    Raises UsageError when the run may not be, InputError when nothing of the files can be read or a register lacks what
    is needed, ConfigError for keys that do not fit.
    """
    _checked(request, site)
    stage("files")
    taken = {file.sha256: (path, file) for path, file in reversed(list(_taken(request, site, settings)))}
    # By hash, each once: the order in which files are named changes no statement, and no list that was stamped.
    paths, files = zip(*(taken[sha256] for sha256 in sorted(taken)), strict=True)
    leak = leak_id(files)
    names = _names(request, site)
    begun = begin(site.runs, _run(request, site, leak, files, names), settings.trace_runs)
    outcome: Sequence[str] = ("failed",)
    keys: dict[str, Keyed | None] = {}
    try:
        intake(site.traces(leak) / "timestamp", [file.sha256 for file in files])
        if not any(file.tables for file in files):
            raise InputError(_no_table(files))
        keys |= {name: site.keyed(name) for name in names}
        if not any(keys.values()):
            raise InputError(f"the owner's key is missing for {', '.join(names)}: nothing can be compared without one")
        envelopes = [key.envelope for key in keys.values() if key and key.envelope]
        if envelopes:
            opened(site.runs, begun, request.now, envelopes)
        made = _Tracing(request, site, stage, files, begun).run(keys, looked)
        commitments = tuple((label, commitment(label, key.secret)) for label, key in _labelled(keys))
        earlier = [_earlier(begun, *each) for each in _before(site, begun)]
        made = replace(made, trace=replace(made.trace, earlier=tuple(earlier)), files=paths, commitments=commitments)
        outcome = outcome_words(made.trace.attributions) or (_nothing(made.trace),)
        return made
    finally:
        end(site.runs, begun, request.now, outcome)


def _taken(request: Request, site: Site, settings: Settings) -> Iterator[tuple[Path, LeakFile]]:
    for path in request.files:
        yield path, take(path, settings, site.discretion_key)


def leak_id(files: Sequence[LeakFile]) -> str:
    """The id of a set of files: SHA-256 over their hashes, sorted."""
    return hashlib.sha256("\n".join(sorted(file.sha256 for file in files)).encode()).hexdigest()


class _Tracing:
    """One run, its keys in hand."""

    def __init__(
        self, request: Request, site: Site, stage: Stage, files: Sequence[LeakFile], begun: Run
    ) -> None:  # fmt: skip
        self._request, self._site, self._stage = request, site, stage
        self._files, self._begun, self._leak = files, begun, begun.leak
        # Not the case: running a file again under another number would draw anew, and average the noise out.
        self._discretion = Discretion(site.at_owner, site.discretion_key, begun.leak.encode())
        self._place = ""  # of the table whose piece is being explained
        self._limits: list[str] = ["limit.values", "limit.unlogged", "limit.copies"]
        if not site.at_owner:
            # Always: were it told when something was left out, one row could be what was.
            self._limits += ["limit.pieces", f"limit.few_records|fewest={FEWEST}"]

    def run(self, keys: dict[str, Keyed | None], looked: Looked | None) -> Made:
        missing = [name for name, key in keys.items() if key is None]
        self._limits += [f"limit.no_key|register={name}" for name in missing]
        recognising = Recognising(self._site, self._request, self._begun, self._discretion)
        given = {name: key for name, key in keys.items() if key is not None}
        compared: list[Compared] = []
        for name, key in given.items():
            self._stage(f"recognise {name}")
            compared += [each for each in recognising.tables(name, key, self._files) if each.matched.columns]
        self._discretion = recognising.discretion
        if not compared and max(table.rows for file in self._files for table in file.tables) < self._least:
            self._limits.append(f"limit.few_to_say|rows={self._least}")
        if recognising.silenced and self._discretion.enough(recognising.silenced, "silenced"):
            self._limits.append(f"limit.heard|times={MOST_LEAKS}")
        compared = own_origin(compared)
        self._limits += self._clocks(compared)
        used: list[RegisterUsed] = []
        pieces: list[tuple[int, Piece, Mixture]] = []
        explained: list[Explained] = []
        for name, key in given.items():
            register = self._site.register(name)
            kept, inputs = read_kept(register), inputs_sha256(register)
            raised = kept if self._site.at_owner else Raised(kept.naming, kept.dating, more=self._stake)
            attributing = Attributing(self._site, name, self._request, recognising.index(name), raised, inputs)
            mine = [at for at, each in enumerate(compared) if each.matched.register == name]
            for at, piece, mixture in self._dated(name, mine, compared, kept, inputs):
                self._stage(f"explain piece {len(pieces) + 1}")
                self._place = compared[at].place
                what = piece_name(piece, self._place)
                found = attributing.explain(len(pieces), piece, compared[at].matched, self._discretion, what)
                margin = kept.margin(piece, inputs, self._request.as_of or self._request.now)
                explained.append(replace(found, attribution=with_margin(found.attribution, margin)))
                pieces.append((at, piece, mixture))
            used.append(recognising.used(name, key, reads_count(register.reads)))
        if looked and explained:
            self._stage("leads")
        return self._made(used, compared, pieces, explained, self._leads(explained, looked))

    def _dated(
        self, name: str, mine: Sequence[int], compared: Sequence[Compared], kept: Kept, inputs: str
    ) -> Iterator[tuple[int, Piece, Mixture]]:  # fmt: skip
        """The pieces of a register's tables that may be told of."""
        manifest = self._site.manifest(name)
        for at in mine:
            self._stage(f"date {name}")
            drops = kept.drops([match.register_column for match in compared[at].matched.columns], inputs)
            mixture = pieces_of(compared[at], manifest, drops, self._request.seen, self._discretion)
            for piece in mixture.pieces:
                what = piece_name(piece, compared[at].place)
                if self._discretion.enough(self._records(compared[at], piece.rows), what):
                    yield at, piece, mixture

    @property
    def _least(self) -> int:
        """Of so many rows it may be said that they are not from a register: fewer could not show that they are."""
        return FEWEST_HITS if self._site.at_owner else ENOUGH * FEWEST

    def _stake(self, piece: Piece) -> float:
        """Nats by which an explanation of a piece must be further ahead than calibration asks for."""
        return self._discretion.stake(f"{piece_name(piece, self._place)}/margin")

    def _clocks(self, compared: Sequence[Compared]) -> list[str]:
        manifests = [self._site.manifest(name) for name in sorted({each.matched.register for each in compared})]
        worst = max((manifest.clock_uncertainty for manifest in manifests), default=0.0)
        return [f"limit.clock|seconds={worst:g}"] if worst else []

    def _records(self, compared: Compared, rows: Any) -> int:
        return len(np.unique(compared.matched.record[rows]))

    def _leads(self, explained: Sequence[Explained], looked: Looked | None) -> tuple[dict[str, Any], ...]:
        if looked is None or not explained:
            return ()
        seen, covered = looked()
        return tuple(lead for each in explained for lead in each.leads(seen, covered))

    def _made(
        self, used: Sequence[RegisterUsed], compared: Sequence[Compared], pieces: Sequence[tuple[int, Piece, Mixture]],
        explained: Sequence[Explained], leads: tuple[dict[str, Any], ...],
    ) -> Made:  # fmt: skip
        discretion, request = self._discretion, self._request
        tables = [
            table_found(
                (c.file, c.table, c.matched), self._site.manifest(c.matched.register), discretion, c.place, c.rows
            )
            for c in compared
        ]
        of = {u.name: [(c.table, c.matched) for c in compared if c.matched.register == u.name] for u in used}
        plain = [
            piece_plain(
                piece,
                mixture,
                (c.file, c.table, c.matched),
                self._site.manifest(piece.register),
                discretion,
                c.place,
                (c.taken.place, c.taken.rows) if c.taken else None,
            )
            for c, piece, mixture in ((compared[at], piece, mixture) for at, piece, mixture in pieces)
        ]
        found = Trace(
            request.case, request.purpose, request.actor, request.second, request.now.isoformat(), __version__,
            self._leak, tuple(self._input(file) for file in self._files), tuple(used), tuple(tables),
            {name: persons_of(some, self._site.manifest(name), discretion) for name, some in of.items() if some},
            _joined(compared), tuple(plain),
            tuple(
                attribution_plain(
                    each.attribution, self._records(compared[at], piece.rows), discretion,
                    piece_name(piece, compared[at].place),
                )
                for each, (at, piece, _) in zip(explained, pieces, strict=True)
            ),
            leads,
            dict(request.marks) or None, None, (), self._parameters(), tuple(self._limits), request.protected,
            spread(self._files),
        )  # fmt: skip
        found = replace(found, assessment=assess(facts_of(found)).plain() if tables else None)
        return Made(found, tuple(compared), tuple((at, piece) for at, piece, _ in pieces))

    def _input(self, file: LeakFile) -> Input:
        request = self._request
        received = request.received or request.now
        tables = tuple({"name": t.name, "rows": t.rows, "notes": list(t.notes)} for t in file.tables)
        return Input(
            file.name, file.sha256, file.size, file.form, sum(t.rows for t in file.tables), tables, file.metadata,
            file.problems, request.source, request.handed_by, request.legal_basis, received.isoformat(),
        )  # fmt: skip

    def _parameters(self) -> dict[str, Any]:
        request, drops = self._request, shipped_drops()
        return {
            "seed": request.seed, "level": drops.level, "prior_unlogged": request.prior_unlogged,
            "fewest": FEWEST, "site": "owner" if self._site.at_owner else "centre",
            "seen": iso(micros(request.seen)) if request.seen else None,
            **({"as_of": request.as_of.isoformat()} if request.as_of else {}),
        }  # fmt: skip


def _nothing(found: Trace) -> str:
    """Why a trace has no outcome, for the log of runs."""
    if found.tables:
        return "too few rows to date"
    return "too few rows to say" if found.few_to_say else "not from these registers"


def with_margin(found: Attribution, margin: Margin) -> Attribution:
    """An attribution with the margin that calibration gives; nobody is named without a valid one."""
    if margin.valid or not found.named:
        return replace(found, margin=margin)
    withheld = (*found.withheld, f"no valid calibration: {margin.reason or 'none was made'}")
    return replace(found, named=(), withheld=tuple(dict.fromkeys(withheld)), margin=margin)


def _checked(request: Request, site: Site) -> None:
    if not request.case.strip() or not request.purpose.strip():
        raise UsageError("a trace needs --case and --purpose: every run is noted with them")
    names = {name.strip().casefold() for name in (request.actor, request.second)}
    if len(names) != 2 or "" in names:
        raise UsageError("a trace needs two different persons: --by and --with")
    if not site.names():
        raise InputError("no register is imprinted here; its owner runs kulla register imprint")


def _names(request: Request, site: Site) -> tuple[str, ...]:
    """The registers to compare with. Raises InputError for one that is not there, or when no key is given."""
    there = site.names()
    for name in request.registers:
        if name not in there:
            raise InputError(f"register {name}: has no imprint here; imprinted are {', '.join(there)}")
    return request.registers or there


def _run(request: Request, site: Site, leak: str, files: Sequence[LeakFile], names: tuple[str, ...]) -> Run:
    where = "owner" if site.at_owner else "centre"
    parameters = {
        "seed": request.seed, "prior_unlogged": request.prior_unlogged,
        "seen": request.seen.isoformat() if request.seen else None,
        "as_of": request.as_of.isoformat() if request.as_of else None,
    }  # fmt: skip
    return Run(
        0, request.now, "begun", request.case, request.purpose, request.actor, request.second, leak,
        tuple(file.sha256 for file in files), names, where, parameters=parameters,
    )  # fmt: skip


def _before(site: Site, begun: Run) -> list[tuple[Run, Run | None]]:
    """The runs on this leak, on one of its files, or for this case that began before this one."""
    found = earlier_runs(runs_in(site.runs), begun.leak, begun.files, begun.case)
    return [(run, ended) for run, ended in found if run.seq < begun.seq]


def _labelled(keys: Mapping[str, Keyed | None]) -> Iterator[tuple[str, Keyed]]:
    for name, key in keys.items():
        if key is not None:
            yield f"{name}, key {key.id}, epoch {key.epoch}", key


def _earlier(mine: Run, run: Run, ended: Run | None) -> dict[str, Any]:
    files = "same" if run.leak == mine.leak else "some" if set(run.files) & set(mine.files) else "other"
    return {
        "time": run.time.isoformat(), "case": run.case, "outcome": list(ended.outcome) if ended else ["not ended"],
        "files": files, "registers": list(run.registers), "parameters": run.parameters, "hash": run.hash,
    }  # fmt: skip


def _no_table(files: Sequence[LeakFile]) -> str:
    told = [f"{file.name}: {problem}" for file in files for problem in file.problems]
    return "\n".join(told) or f"{files[0].name}: holds no table of rows; give {_FORMS}"


def _joined(compared: Sequence[Compared]) -> tuple[tuple[str, str], ...]:
    """Pairs of registers that one table joins: it has columns of both besides those that it is linked by."""
    pairs: set[tuple[str, str]] = set()
    for first in compared:
        for second in compared:
            same = (first.file, first.table.name) == (second.file, second.table.name)
            one, other = first.matched.register, second.matched.register
            if same and one < other and _own(first, second) and _own(second, first):
                pairs.add((one, other))
    return tuple(sorted(pairs))


def _own(mine: Compared, other: Compared) -> bool:
    """Whether a table has a column of this register that is not the other's as well."""
    theirs = {match.column for match in other.matched.columns}
    return any(match.column not in theirs for match in mine.matched.columns)


COVERED: Final = 0.98
"""A register whose exact rows are to this share exact in another too, by no other columns, is no origin of its own."""


def own_origin(compared: Sequence[Compared]) -> list[Compared]:
    """Without registers that another one explains away.

    A payroll's ids, and where their persons live, stand in the civil register too. That a table's ids fit the civil
    register does not make it a source, when the payroll explains these columns and more.
    """
    return [one for one in compared if not any(_explains(other, one) for other in compared if other is not one)]


def _explains(other: Compared, one: Compared) -> bool:
    """Whether `other` explains all of `one`, and more."""
    if (other.file, other.table.name) != (one.file, one.table.name):
        return False
    mine, theirs = ({m.column for m in each.matched.columns} for each in (one, other))
    # By line: away from the owner's site each register's table may have been thinned otherwise.
    both = np.intersect1d(one.table.lines, other.table.lines, assume_unique=True)
    mine_exact, their_exact = (
        np.intersect1d(each.table.lines[each.matched.intervals.some], both, assume_unique=True) for each in (one, other)
    )
    if len(mine) == 1:  # the key alone: no row of it can be exact
        return mine < theirs
    fewer = mine < theirs or len(mine_exact) < len(their_exact)
    covered = len(np.intersect1d(mine_exact, their_exact, assume_unique=True)) >= COVERED * len(mine_exact)
    return mine <= theirs and fewer and covered
