"""`kulla extract`: marked copies of register data, and whose copy a file is."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.errors import OutputError, UsageError
from kulla.registers.decoys.code import MOST
from kulla.registers.decoys.identify import Score, Verdict
from kulla.registers.desk import extracts as desk
from kulla.registers.extracts.formats import FORMATS
from kulla.registers.folder import OwnerFolder
from kulla.registers.keyfile import read_key

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Marked copies of register data for named recipients."
)

Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]
Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The owner's key file.")]


@app.command()
def make(
    register: Annotated[str, typer.Argument(metavar="REGISTER", help="The register's name.")],
    recipient: Annotated[str, typer.Option("--recipient", metavar="NAME", help="Who gets the copy.")],
    purpose: Annotated[str, typer.Option("--purpose", metavar="TEXT", help="What for.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The copy.")],
    key: Key,
    owner: Owner = Path(),
    form: Annotated[str, typer.Option("--format", metavar="NAME", help=f"One of {', '.join(FORMATS)}.")] = "csv",
    columns: Annotated[
        str, typer.Option("--columns", metavar="A,B", help="These columns, in this order; default: all.")
    ] = "",
    where: Annotated[
        list[str], typer.Option("--where", metavar="COLUMN=VALUE", help="Only such rows; repeat to narrow.")
    ] = [],  # noqa: B006
    legal_basis: Annotated[
        str, typer.Option("--legal-basis", metavar="TEXT", help="Default: the register's own.")
    ] = "",
    slots: Annotated[int, typer.Option("--slots", metavar="N", help="Decoys in the copy at least, 64 to 128.")] = MOST,
    colluders: Annotated[
        int, typer.Option("--colluders", metavar="N", help="Withstand 2, 3 or 5 who join their copies (many decoys).")
    ] = 0,
    json: shared.Json = False,
) -> int:
    """Write a marked copy of a register for one recipient, and note it in the ledger.

    The copy holds the register's rows as of now, unaltered, and among them invented persons (decoys) whose choice tells
    the recipient. Electoral registers are refused.

    **Examples**

    - `kulla extract make payroll --recipient "Bank of Tirana" --purpose "loan checks" --key owner.key -o payroll.xlsx --format xlsx`
    - `kulla extract make civil --recipient Statistics --purpose census --columns nid,given_name,family_name,municipality --where municipality=Berat --key owner.key -o berat.csv`
    """  # noqa: E501
    chosen = next((each for each in FORMATS if each == form), None)
    if chosen is None:
        raise UsageError(f"--format {form}: choose one of {', '.join(FORMATS)}")
    request = desk.Request(
        register, recipient, purpose, chosen, tuple(c.strip() for c in columns.split(",") if c.strip()),
        tuple(map(_pair, where)), legal_basis, slots, colluders,
    )  # fmt: skip
    entry = desk.make(OwnerFolder(owner), request, read_key(key, "owner"), out, datetime.now(UTC))
    if json:
        shared.print_json(asdict(entry), indent=True)
    else:
        print(
            f"{safe(str(out))}: {entry.rows:,} rows, {entry.decoys} decoys among the persons, for {safe(recipient)}\n"
            f"SHA-256 {entry.sha256}, extract {entry.seq} in the ledger"
        )
    return 0


@app.command()
def identify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A workbook, Parquet or delimited text of any make.")],
    key: Key,
    owner: Owner = Path(),
    json: shared.Json = False,
) -> int:
    """Say whose copy a file is, by the decoys in it; or that its marks name nobody.

    Rows and columns may be missing, re-ordered, re-formatted; copies of two recipients may be merged. The file is read
    in a confined process.

    **Examples**

    - `kulla extract identify leak.xlsx --owner /srv/taxes --key owner.key`
    - `kulla extract identify leak.csv --owner /srv/taxes --key owner.key --json`
    """
    found = desk.find(OwnerFolder(owner), file, read_key(key, "owner"), shared.settings())
    if json:
        verdict = asdict(found.verdict) | {"margin_bits": found.verdict.margin}
        extracts = [asdict(entry) for entry in found.extracts]
        shared.print_json({"file": str(file), "rows": found.rows, **verdict, "extracts": extracts}, indent=True)
        return 0
    for line in _told(found.verdict, found.rows):
        print(safe(line))
    if found.extracts:
        print("\nWhat they were handed")
        rows = [(e.seq, e.time, e.recipient, e.register, e.rows, e.purpose) for e in found.extracts]
        sys.stdout.write(plain_table(("extract", "time", "recipient", "register", "rows", "purpose"), rows))
    return 0


@app.command()
def reserve(
    key: Key,
    owner: Owner = Path(),
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Default: standard output.")] = None,
    refused: Annotated[
        Path | None, typer.Option("--refused", metavar="FILE", help="Ids that the issuer has given to persons.")
    ] = None,
    slots: Annotated[int, typer.Option("--slots", metavar="N", help="Decoys in each copy, 64 to 128.")] = MOST,
) -> int:
    """List the ids, phones and plates of all decoys, to be reserved by who issues them: never for a person.

    Only the issuer knows which ids are unissued. Those he refuses are replaced with `--refused`. Do this before the
    first extract. The list is as secret as the key.

    **Examples**

    - `kulla extract reserve --owner /srv/taxes --key owner.key -o to-reserve.csv`
    - `kulla extract reserve --owner /srv/taxes --key owner.key --refused refused.txt -o to-reserve.csv`
    """
    found = desk.reserve(OwnerFolder(owner), read_key(key, "owner"), datetime.now(UTC), slots, refused)
    lines = ["kind,value", *(f"national_id,{each}" for each in found.ids), *(f"phone,{each}" for each in found.phones),
             *(f"plate,{each}" for each in found.plates)]  # fmt: skip
    text = "\n".join(lines) + "\n"
    if out is None:
        sys.stdout.write(text)
        return 0
    try:
        out.touch(0o600)
        out.write_text(text, "utf-8")
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror}") from error
    counted = f"{len(found.ids)} ids and {len(found.phones)} phones to reserve; {found.replaced} replaced"
    print(f"{safe(str(out))}: {counted}")
    return 0


@app.command(name="list")
def list_(owner: Owner = Path(), json: shared.Json = False) -> int:
    """List what was handed to whom. Fails when a line of the ledger was changed or taken out.

    **Examples**

    - `kulla extract list --owner /srv/taxes`
    """
    entries = desk.entries(OwnerFolder(owner))
    if json:
        shared.print_json([asdict(entry) for entry in entries], indent=True)
        return 0
    head = ("extract", "time", "recipient", "register", "format", "rows", "decoys", "sha256", "purpose")
    rows = [(e.seq, e.time, e.recipient, e.register, e.format, e.rows, e.decoys, e.sha256[:16], e.purpose)
            for e in entries]  # fmt: skip
    sys.stdout.write(plain_table(head, rows))
    return 0


def _pair(text: str) -> tuple[str, str]:
    column, found, value = text.partition("=")
    if not found or not column:
        raise UsageError("--where: write it COLUMN=VALUE")
    return column, value


_OUTCOMES = {
    "one": "One recipient's copy explains the marks.",
    "several": "Copies of several recipients explain the marks.",
    "mixture": "Marks of more than one copy that cannot be told apart: nobody is named.",
    "unclear": "Too few marks, or of no issued copy: nobody is named.",
    "none": "No extract's marks are in this file.",
}


def _told(verdict: Verdict, rows: int) -> list[str]:
    """The verdict in lines."""
    lines = [_OUTCOMES[verdict.outcome], ""]
    lines += [f"recipient: {_scored(score)}" for score in verdict.named]
    if verdict.second:
        lines.append(f"{'next' if verdict.named else 'nearest'}: {_scored(verdict.second)}")
    if verdict.named:
        lines.append(f"margin: {verdict.margin:.0f} bits; chance of a false accusation at most {verdict.chance:.1e}")
    lines.append(
        f"seen: {verdict.seen} decoys in {rows:,} rows, {verdict.slots} of {verdict.all_slots} slots, "
        f"{verdict.both} with both persons; {verdict.unexplained} decoys unexplained"
    )
    return lines


def _scored(score: Score) -> str:
    return f"{score.name}, agrees in {score.agree} of {score.of} slots, chance at most {score.chance:.1e}"
