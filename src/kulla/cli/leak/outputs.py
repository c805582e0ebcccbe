"""What a trace writes besides its summary: reports, packages, rows, answers to lists, a citizens' set; its leads."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from kulla.cli import shared
from kulla.errors import InputError, OutputError, UsageError
from kulla.leaks.desk.request import Looked, Made
from kulla.leaks.desk.site import Site
from kulla.leaks.leads import LEADS, Seen, kinds_of
from kulla.leaks.report import Stamp
from kulla.registers.desk.recordmap import replaced
from kulla.registers.keyfile import read_key

FORMS = (".json", ".html", ".pdf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be written; as the options of `kulla leak trace`."""

    out: tuple[Path, ...]
    package: Path | None
    package_key: Path | None
    language: str
    public: bool
    rows: Path | None
    protected: tuple[Path, ...]
    citizens: Path | None
    citizens_key: Path | None
    tsa: Path | None

    def lists(self) -> tuple[str, ...]:
        """The names of the sealed lists. Raises InputError for a file that is none."""
        from kulla.leaks.desk.lists import read_sealed

        return tuple(read_sealed(path).name for path in self.protected)

    def check(self, at_owner: bool) -> None:
        """Raise UsageError for what cannot be, before anything is read."""
        for path in self.out:
            if path.suffix.lower() not in FORMS:
                raise UsageError(f"--out {path}: the name must end in {', '.join(FORMS)}")
        if self.language not in ("en", "sq"):
            raise UsageError(f"--language {self.language}: choose en or sq")
        if self.rows and not at_owner:
            raise UsageError("--rows: verdicts of single rows exist at the register's owner only; give --owner DIR")
        if self.rows and self.rows.suffix.lower() not in (".parquet", ".csv"):
            raise UsageError(f"--rows {self.rows}: the name must end in .parquet or .csv")
        if self.package and not self.package_key:
            raise UsageError("--package: needs --package-key FILE, the key that signs it (made if there is none)")
        if self.citizens and not at_owner:
            raise UsageError(
                "--citizens: a look-up set tells of single persons, so it is made at the register's owner;"
                " give --owner DIR"
            )
        if bool(self.citizens) != bool(self.citizens_key):
            raise UsageError("--citizens and --citizens-key go together")
        if len({listed.stem for listed in self.protected}) < len(self.protected):
            raise UsageError("--protected: two lists of one name would have one answer; rename one of them")
        if self.protected and not self.out:
            raise UsageError("--protected: needs --out FILE, beside which the answers are written")

    def ready(self, files: Sequence[Path]) -> None:
        """Raise what would stop the results from being written, before a run is noted and an envelope is used up.

        Raises UsageError for a result in the place of a leaked file or of another result, OutputError where nothing
        can be written, InputError and ConfigError for keys and certificates that cannot be used.
        """
        from kulla.leaks.evidence import KINDS, signing_key

        results = [path for path in (*self.out, self.rows, self.citizens) if path]
        if len({path.absolute() for path in results}) < len(results):
            raise UsageError("two results would be written to one file; name another")
        for path in results:
            if any(path.exists() and file.exists() and path.samefile(file) for file in files):
                raise UsageError(f"{path}: is the leaked file itself; name another place for the result")
            _writable(path)
        if self.package and self.package_key:
            for name in KINDS:
                if (self.package / name).exists() or (self.package / f"{name}.tar").exists():
                    raise OutputError(f"{self.package / name}: exists already; name another place for the packages")
            _writable(self.package / KINDS[0])
            signing_key(self.package_key)
        if self.citizens_key:
            read_key(self.citizens_key)
        _certificates(self.tsa)


def write(made: Made, site: Site, wanted: Wanted) -> Iterator[str]:
    """Write everything that is wanted; a line about each file."""
    from kulla.leaks.desk.packing import pack, stamped

    stamp = stamped(made, site, _certificates(wanted.tsa))
    if stamp.problem:
        yield stamp.problem
    for path in wanted.out:
        _report(made, path, wanted, stamp.stamp)
        yield f"{path} written"
    if wanted.package and wanted.package_key:
        packed = pack(made, site, wanted.package, wanted.package_key, stamp)
        yield from (f"{each.folder} and {each.tar.name} written" for each in packed)
        yield f"fingerprint of the signing key, to be given by another way: {packed[0].fingerprint}"
    manifests = {name: site.manifest(name) for name in {c.matched.register for c in made.compared}}
    for listed in wanted.protected:
        from kulla.leaks.desk.lists import leaked_members, read_sealed, write_answer

        out = wanted.out[0].parent / f"{listed.stem}.answer"
        write_answer(read_sealed(listed), leaked_members(made.compared, manifests), made.trace.leak, out)
        yield f"{out} written; only the list's owner can open it"
    if wanted.citizens and wanted.citizens_key:
        from kulla.leaks.desk.citizensets import write_set

        key = read_key(wanted.citizens_key)
        count = write_set(made.compared, manifests, made.trace.leak, key, wanted.citizens)
        yield f"{wanted.citizens} written: {count:,} persons who are certain"
    if wanted.rows:
        from kulla.leaks.desk.rowfile import write_rows

        yield f"{wanted.rows} written: {write_rows(made, wanted.rows):,} rows; it stays with the owner"


def look(logs: Sequence[str], rules: Sequence[str], zone: str) -> tuple[Looked, bool]:
    """Run our rules over other logs now; what they saw of leads, for later, and whether all logs could be read."""
    from kulla.hunt.options import Options
    from kulla.hunt.run import Hunt

    seen: list[Seen] = []
    options = Options(logs, rules, zone=zone, settings=shared.settings())
    with Hunt(options) as run:
        found = run.run()
        for table in found.hits:
            names = ("rule_id", "time", "host", "entity", "event_id")
            for rule, time, host, entity, event in zip(*(table[name].to_pylist() for name in names), strict=True):
                kind, _, account = (entity or "").partition(":")
                if rule in LEADS and isinstance(time, datetime) and kind in ("user", "account"):
                    seen.append(Seen(rule, round(time.timestamp() * 1_000_000), account, host or "", event))
        uncovered = {rule.rule_id for rule in found.facts.not_covered}
        shared.complain([f"{each.file}: {each.reason}" for each in found.facts.rejects])
    covered = kinds_of(set(LEADS) - uncovered)
    return lambda: (seen, covered), not found.facts.rejects


def _writable(path: Path) -> None:
    """Raise OutputError when a file could not be made there."""
    there = next((each for each in path.absolute().parents if each.exists()), Path("/"))
    if path.is_dir():
        raise OutputError(f"{path}: is a folder; name a file")
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{path}: cannot be written: {there} takes no new file; name another place")


def _certificates(path: Path | None) -> bytes:
    try:
        return path.read_bytes() if path else b""
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _report(made: Made, path: Path, wanted: Wanted, stamp: Stamp) -> None:
    data = _bytes(made, path.suffix.lower(), wanted, stamp)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced(path) as waiting:
            waiting.write_bytes(data)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def _bytes(made: Made, form: str, wanted: Wanted, stamp: Stamp) -> bytes:
    if form == ".json":
        return made.trace.json()
    from kulla.leaks.report import Audience, Language, html_report, pdf_report

    language: Language = "sq" if wanted.language == "sq" else "en"
    audience: Audience = "public" if wanted.public else "court"
    return (html_report if form == ".html" else pdf_report)(made.trace, language, audience, stamp)
