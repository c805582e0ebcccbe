"""`kulla register add`, `list`, `show`, `check`: declare a register, and see whether it is in order."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import fitted_table, plain_table, safe
from kulla.errors import UsageError
from kulla.registers.folder import OwnerFolder, RegisterFolder
from kulla.registers.manifest import Column, Copy, Manifest, Meaning, manifest_text

if TYPE_CHECKING:
    from kulla.registers.declare import Found, Told
    from kulla.registers.meanings.proposed import Suggested

Name = Annotated[str, typer.Argument(metavar="NAME", help="The register's name.")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]


Files = Annotated[list[Path], typer.Option("--files", metavar="PATH", help="CSV or Parquet files; repeat.")]
Dsn = Annotated[str, typer.Option("--dsn", metavar="DSN", help="PostgreSQL, without a password.")]
Table = Annotated[str, typer.Option("--table", metavar="T", help="The table or view, such as public.payroll.")]
Organisation = Annotated[str, typer.Option("--organisation", help="Who owns the register.")]
Constituent = Annotated[str, typer.Option("--constituent", help="The centre's name for the owner.")]
Zone = Annotated[str, typer.Option("--zone", help="civil, military or joint.")]
Basis = Annotated[str, typer.Option("--legal-basis", help="The law that allows the register.")]
Meanings = Annotated[list[str], typer.Option("--column", metavar="NAME=MEANING", help="Set a meaning; repeat.")]
Record = Annotated[list[str], typer.Option("--record", metavar="COLUMN", help="Key of a record; repeat.")]
Entry = Annotated[list[str], typer.Option("--entry", metavar="COLUMN", help="Key of one of its rows; repeat.")]
Person = Annotated[str, typer.Option("--person", metavar="COLUMN", help="Names the person.")]
Remit = Annotated[str, typer.Option("--remit", metavar="COLUMN", help="Tells whose work a record is.")]
Copies = Annotated[
    list[str], typer.Option("--copy", metavar="PAIRS", help="A copy: name=…,kind=…,frozen_at=…,reachable_by=a|b.")
]
Purposes = Annotated[
    list[str], typer.Option("--purpose", metavar="PAIRS", help="Who for what: name=…,roles=a|b,case_required=yes.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Take what is proposed; ask nothing.")]


def add(
    name: Name,
    owner: Owner = Path(),
    files: Files = [],  # noqa: B006
    dsn: Dsn = "",
    table: Table = "",
    organisation: Organisation = "",
    constituent: Constituent = "",
    zone: Zone = "civil",
    legal_basis: Basis = "",
    column: Meanings = [],  # noqa: B006
    record: Record = [],  # noqa: B006
    entry: Entry = [],  # noqa: B006
    person: Person = "",
    remit: Remit = "",
    copy: Copies = [],  # noqa: B006
    purpose: Purposes = [],  # noqa: B006
    tz: shared.Zone = None,
    yes: Yes = False,
) -> int:
    """Declare a register from a live table or from files: meanings are proposed from values, you confirm.

    It looks at some 5,000 rows. Doubtful columns are asked one by one; nothing is written before the end. For
    PostgreSQL it also lists the copies that the server tells of, and the roles that can read the table.

    **Examples**

    - `kulla register add payroll --files versions.parquet --owner /srv/kulla`
    - `kulla register add payroll --dsn "host=db dbname=tax user=kulla" --table public.payroll`
    - `kulla register add payroll --files p.csv --yes --column code=office --copy "name=nightly,kind=backup"`
    """
    from kulla.registers import declare

    folder = _undeclared(owner, name)
    copies, purposes = tuple(map(declare.chosen_copy, copy)), tuple(map(declare.chosen_purpose, purpose))
    own = {each: (meaning, category) for each, meaning, category in map(declare.chosen_column, column)}
    told = declare.Told(
        name, organisation, constituent, zone, legal_basis, tuple(record), tuple(entry), person, remit,
        shared.zone_of(tz) or "UTC", copies, purposes,
    )  # fmt: skip
    found = _looked_at(files, dsn, table)
    columns = _columns(found, own, yes)
    return _written(folder, declare.manifest_of(found, told if yes else _asked(told), columns), yes)


def list_(owner: Owner = Path(), json: shared.Json = False) -> int:
    """List the registers of an owner's folder.

    **Examples**

    - `kulla register list --owner /srv/kulla`
    - `kulla register list --json`
    """
    folder = OwnerFolder(owner)
    manifests = [folder.register(name).read() for name in folder.names()]
    if json:
        shared.print_json([asdict(m) for m in manifests], indent=True)
        return 0
    head = ("columns", "copies", "register", "source", "history", "record", "owner")
    rows = [
        (len(m.columns), len(m.copies), m.name, m.source, m.history, ", ".join(m.record), m.owner) for m in manifests
    ]
    sys.stdout.write(plain_table(head, rows))
    return 0


def show(name: Name, owner: Owner = Path(), json: shared.Json = False) -> int:
    """Show one register: its columns with their meanings and the evidence for them, purposes, copies, imprint.

    **Examples**

    - `kulla register show payroll --owner /srv/kulla`
    - `kulla register show payroll --json`
    """
    from kulla.registers.desk.imprintparts import parts_in

    folder = OwnerFolder(owner).register(name)
    manifest, parts = folder.read(), parts_in(folder.outbox / "imprint")
    if json:
        imprint = {**asdict(parts[-1].info), "rows": sum(p.rows for p in parts)} if parts else None
        shared.print_json({**asdict(manifest), "imprint_made": imprint}, indent=True)
        return 0
    print(f"{safe(manifest.name)} of {safe(manifest.owner)} ({safe(manifest.constituent)}, {safe(manifest.zone)})")
    print(f"legal basis: {safe(manifest.legal_basis) or 'not told'}")
    entry = f", its rows by {', '.join(manifest.entry)}" if manifest.entry else ""
    print(f"record: {safe(', '.join(manifest.record) + entry)}; history: {manifest.history}")
    columns = [(c.name, _meaning(c), "yes" if c.imprint else "no", c.evidence) for c in manifest.columns]
    sys.stdout.write("\n" + fitted_table(("column", "meaning", "imprint", "evidence"), columns))
    if manifest.purposes:
        purposes = [(p.name, "yes" if p.case_required else "no", ", ".join(p.roles)) for p in manifest.purposes]
        sys.stdout.write("\n" + fitted_table(("purpose", "case", "roles"), purposes))
    if manifest.copies:
        sys.stdout.write("\n" + _copies_table(manifest.copies))
    for part in parts[:1]:
        rows = sum(p.rows for p in parts)
        print(f"\nimprint: {rows:,} rows in {len(parts)} parts, key {part.info.key_id}, epoch {part.info.epoch}")
    return 0


def check(
    name: Name,
    owner: Owner = Path(),
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="Also check this key file.")] = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the live source.")] = False,
    json: shared.Json = False,
) -> int:
    """Is the register in order? Manifest against source and history, folder and key modes, map, imprint, copies.

    Exit code 3 when there is an error.

    **Examples**

    - `kulla register check payroll --owner /srv/kulla --key /etc/kulla/owner.key`
    - `kulla register check payroll --offline --json`
    """
    from kulla.registers.desk.checking import check as checked

    remarks = checked(OwnerFolder(owner).register(name), key, not offline)
    if json:
        shared.print_json([asdict(remark) for remark in remarks], indent=True)
    elif remarks:
        sys.stdout.write(fitted_table(("level", "about", "what"), [(r.level, r.about, r.text) for r in remarks]))
    else:
        print("nothing to remark")
    return 3 if any(remark.level == "error" for remark in remarks) else 0


def _written(folder: RegisterFolder, manifest: Manifest, yes: bool) -> int:
    if not yes:
        typer.echo(manifest_text(manifest), err=True)
        typer.confirm("Write this manifest?", abort=True, err=True)
    folder.write(manifest)
    counts = f"{len(manifest.columns)} columns, record {', '.join(manifest.record)}, {len(manifest.copies)} copies"
    print(f"{folder.manifest}: {counts}")
    return 0


def _undeclared(owner: Path, name: str) -> RegisterFolder:
    folder = OwnerFolder(owner).register(name)
    if folder.manifest.exists():
        raise UsageError(f"{folder.manifest}: declared already; edit the manifest, then kulla register check {name}")
    return folder


def _looked_at(files: list[Path], dsn: str, table: str) -> Found:
    from kulla.registers.desk import declaring

    if bool(files) == bool(dsn) or bool(dsn) != bool(table):
        raise UsageError("give either --files PATH, or --dsn DSN with --table T")
    return declaring.from_files(files) if files else declaring.from_database(dsn, table)


def _columns(found: Found, own: Mapping[str, tuple[Meaning, str]], yes: bool) -> tuple[Column, ...]:
    """The columns as proposed and confirmed."""
    from kulla.registers.declare import suggestions

    suggested = suggestions(found)
    if unknown := sorted(set(own) - {s.name for s in suggested}):
        raise UsageError(f"--column {unknown[0]}: the source has no such column")
    _print_proposals(suggested, found)
    return tuple(_decided(s, own, yes) for s in suggested)


def _asked(told: Told) -> Told:
    """What the command line left open, asked."""
    return replace(
        told,
        owner=_given("Who owns the register (organisation)?", told.owner),
        constituent=_given("The centre's name for the owner (constituent)?", told.constituent),
        legal_basis=_given("Legal basis?", told.legal_basis),
        copies=told.copies + _asked_copies(),
    )


def _print_proposals(suggested: Sequence[Suggested], found: Found) -> None:
    rows = []
    for each in suggested:
        score = f"{each.best.score:.0%}" + ("?" if each.doubtful else "")
        rows.append((each.name, _meaning(each.column()), score, each.best.evidence))
    sys.stderr.write(fitted_table(("column", "meaning", "score", "evidence"), rows))
    if found.copies:
        sys.stderr.write("\nThe server tells of these copies:\n" + _copies_table(found.copies))
    if found.readers:
        readers = [(role, ", ".join(means)) for role, means in found.readers]
        sys.stderr.write("\nRoles that can read the table:\n" + fitted_table(("role", "by"), readers))


def _copies_table(copies: Sequence[Copy]) -> str:
    head = ("copy", "kind", "holds the state of", "read log", "reachable by")
    rows = [
        (c.name, c.kind, c.frozen_at.isoformat() if c.frozen_at else "now", "yes" if c.read_log else "no",
         ", ".join(c.reachable_by) or "not told")
        for c in copies
    ]  # fmt: skip
    return fitted_table(head, rows)


def _meaning(column: Column) -> str:
    return f"{column.meaning}:{column.category}" if column.category else column.meaning


def _decided(suggested: Suggested, own: Mapping[str, tuple[Meaning, str]], yes: bool) -> Column:
    from kulla.registers.declare import chosen_column

    column = suggested.column()
    if suggested.name in own:
        meaning, category = own[suggested.name]
        same = (column.meaning, column.category) == (meaning, category)
        evidence = column.evidence if same else "told by the owner"
        return Column(column.name, meaning, category, evidence=evidence)
    if yes or not suggested.doubtful:
        return column
    others = ", ".join(p.meaning for p in suggested.proposals[1:4])
    question = f"Column {suggested.name}: its meaning" + (f" (could also be {others})" if others else "")
    while True:
        answer = typer.prompt(question, default=_meaning(column), err=True)
        if answer == _meaning(column):
            return replace(column, evidence=f"{column.evidence}; confirmed by the owner")
        try:
            _, meaning, category = chosen_column(f"{suggested.name}={answer}")
        except UsageError as error:
            typer.echo(str(error), err=True)
            continue
        return Column(column.name, meaning, category, evidence="told by the owner")


def _given(question: str, value: str) -> str:
    return value or str(typer.prompt(question, default="", show_default=False, err=True))


def _asked_copies() -> tuple[Copy, ...]:
    from kulla.registers.declare import chosen_copy

    copies: list[Copy] = []
    while typer.confirm("Is there a (further) copy: a backup, test copy, warehouse, a processor's?", err=True):
        text = typer.prompt("name=…,kind=…,frozen_at=…,reachable_by=a|b,read_log=no", err=True)
        try:
            copies.append(chosen_copy(text))
        except UsageError as error:
            typer.echo(str(error), err=True)
    return tuple(copies)
