"""`kulla exercise`: make a synthetic country with its registers and reads, and load it into a database."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.errors import UsageError

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="A synthetic country to train and measure on."
)

Folder = Annotated[str, typer.Argument(metavar="DIR", help="The exercise's folder.")]
Persons = Annotated[int, typer.Option("--persons", metavar="N", help="How many persons live there.")]
Months = Annotated[int, typer.Option("--months", metavar="M", help="How many months of changes.")]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="The same seed makes the same country.")]
ProfileName = Annotated[
    str, typer.Option("--profile", metavar="P", help="Habits: the name of a shipped profile, or a TOML file.")
]
Registers = Annotated[
    str, typer.Option("--registers", metavar="NAMES", help="Only these registers, separated by commas.")
]
How = Annotated[
    str, typer.Option("--reads", metavar="HOW", help="none; direct: as reads; logs: as the database's log; both.")
]
Misdeeds = Annotated[
    list[str],
    typer.Option("--misdeeds", "--misdeed", metavar="NAMES", help="Scripted misdeeds, separated by commas; or repeat."),
]
Accounts = Annotated[int, typer.Option("--accounts", metavar="N", help="How many people have an account.")]
Days = Annotated[
    int | None, typer.Option("--days", metavar="N", help="Reads of the first days only; default: all months.")
]
ReadCount = Annotated[
    int | None, typer.Option("--read-count", metavar="N", help="About how many honest reads; default: the profile's.")
]
Key = Annotated[
    Path | None, typer.Option("--key", metavar="FILE", help="The owner's key file, to list the watched persons.")
]


@app.command()
def make(
    folder: Folder,
    persons: Persons = 10_000,
    months: Months = 24,
    seed: Seed = 1,
    profile: ProfileName = "steady",
    registers: Registers = "civil,payroll,vehicle,voter",
    reads: How = "none",
    misdeeds: Misdeeds = [],  # noqa: B006
    accounts: Accounts = 2000,
    days: Days = None,
    read_count: ReadCount = None,
    key: Key = None,
    json: shared.Json = False,
) -> int:
    """Make a country: civil, payroll, vehicle and voter registers with their histories, and who read them.

    All persons, employers and addresses are invented. The same options give the same tables. Misdeeds need `--reads`;
    one may be told more closely, such as `low_and_slow:rate=20,days=40`. What really happened lies apart, in truth/.

    **Examples**

    - `kulla exercise make country --persons 10000 --months 24 --seed 7 --profile busy`
    - `kulla exercise make country --persons 3000000 --registers civil,vehicle,voter`
    - `kulla exercise make country --persons 20000 --months 6 --reads direct --misdeeds bulk_export,pg_dump`
    """
    from kulla.exercise.layout import Settings
    from kulla.exercise.make import Reads, make_exercise
    from kulla.registers.keyfile import read_key

    if reads == "none" and misdeeds:
        raise UsageError("--misdeeds: they leave traces in reads alone; add --reads direct, logs or both")
    settings = Settings(persons, months, seed, profile, listed([registers]))
    wanted = None if reads == "none" else Reads(reads, accounts, listed(misdeeds), days, read_count)
    made, written = make_exercise(Path(folder), settings, wanted, read_key(key, "owner") if key else None)
    if json:
        shared.print_json({"registers": [asdict(each) for each in made], "reads": [asdict(each) for each in written]})
        return 0
    rows = [(each.register, each.records, each.versions, f"{each.seconds:.1f}") for each in made]
    sys.stdout.write(plain_table(("register", "records", "versions", "seconds"), rows))
    if written:
        told = [(each.register, each.reads, each.lines, each.misdeeds, f"{each.seconds:.1f}") for each in written]
        sys.stdout.write("\n" + plain_table(("register", "reads", "log lines", "misdeeds", "seconds"), told))
    return 0


def listed(texts: Sequence[str]) -> tuple[str, ...]:
    """Names separated by commas, each with the particulars (after a colon, commas between) that follow it.

    >>> listed(["civil, voter", "low_and_slow:rate=20,days=40,pg_dump"])
    ('civil', 'voter', 'low_and_slow:rate=20,days=40', 'pg_dump')
    """
    names: list[str] = []
    for part in (part.strip() for text in texts for part in text.split(",")):
        if names and "=" in part and ":" not in part:
            names[-1] += f",{part}"
        elif part:
            names.append(part)
    return tuple(names)


@app.command()
def load(
    folder: Folder,
    dsn: Annotated[
        str, typer.Option("--dsn", metavar="DSN", help="The database: a libpq connection string without a password.")
    ],
    register: Annotated[
        list[str], typer.Option("--register", metavar="NAME", help="Only this register; repeat for several.")
    ] = [],  # noqa: B006
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="The state at that time; default: the last one.")
    ] = None,
    json: shared.Json = False,
) -> int:
    """Create the registers' tables in a PostgreSQL database and load their state at a time.

    A table that is there already is not touched: the command stops and nothing is loaded.

    **Examples**

    - `kulla exercise load country --dsn "host=localhost dbname=exercise user=postgres"`
    - `kulla exercise load country --dsn dbname=exercise --register payroll --at 2025-03-01`
    """
    from kulla.exercise import load as loading

    loaded = loading.load(Path(folder), dsn, register, shared.moment("--at", at))
    if json:
        shared.print_json([asdict(each) for each in loaded])
        return 0
    rows = [(each.register, each.rows, each.table) for each in loaded]
    sys.stdout.write(plain_table(("register", "rows", "table"), rows))
    return 0


@app.command()
def drive(
    folder: Folder,
    dsn: Annotated[
        str,
        typer.Option("--dsn", metavar="DSN", help="The database, as a superuser: a libpq string without a password."),
    ],
    register: Annotated[str, typer.Option("--register", metavar="NAME", help="Whose reads.")] = "payroll",
    accounts: Annotated[
        int, typer.Option("--accounts", metavar="N", min=1, help="How many people have an account.")
    ] = 20,
    days: Annotated[int, typer.Option("--days", metavar="N", min=1, help="Reads of so many days.")] = 3,
    misdeeds: Annotated[
        list[str], typer.Option("--misdeeds", metavar="NAMES", help="Scripted misdeeds, separated by commas.")
    ] = [],  # noqa: B006
    json: shared.Json = False,
) -> int:
    """Send the staff's statements to a PostgreSQL database, each as its own account, so that pgaudit writes the log.

    Load the registers first. Roles are made for the accounts; the statements follow each other at once. Acts that no
    SQL session shows (file copies, replication) are left out.

    **Examples**

    - `kulla exercise drive country --dsn "host=localhost dbname=exercise user=postgres" --misdeeds cursor_evasion`
    """
    from kulla.exercise.driving import Order, drive_exercise

    done = drive_exercise(Path(folder), dsn, Order(register, accounts, days, listed(misdeeds)))
    if json:
        shared.print_json(asdict(done))
    else:
        print(f"{done.sent:,} statements sent, {done.rows:,} rows received, {done.failed:,} failed as told")
    return 0


@app.command()
def leak(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="FILE", help="The leak: .csv, .xlsx or .parquet.")],
    part: Annotated[
        list[str], typer.Option("--part", metavar="PART", help="REGISTER@TIME,key=value,…; repeat for several.")
    ],
    altered: Annotated[float, typer.Option("--altered", metavar="S", min=0, max=1, help="Share of rows altered.")] = 0,
    invented: Annotated[
        float, typer.Option("--invented", metavar="S", min=0, max=1, help="Share of rows invented.")
    ] = 0,
    joined: Annotated[bool, typer.Option("--joined", help="Two parts side by side, by the person's id.")] = False,
    plain: Annotated[
        bool, typer.Option("--plain-names", help="Names in capitals, without diacritics, turned.")
    ] = False,
    no_headers: Annotated[bool, typer.Option("--no-headers", help="No row that names the columns.")] = False,
    shuffled: Annotated[bool, typer.Option("--shuffled", help="Rows of all parts in one random order.")] = False,
    seed: Seed = 1,
    json: shared.Json = False,
) -> int:
    """Make a leak of the country's registers, as it might circulate; its truth goes to truth/leaks.jsonl.

    A part is what one register showed at one time. Keys: columns=A+B, rows=N, where=COLUMN:VALUE, misdeed=NAME (the
    records that it read; without a time after @, when it began), stale=SHARE with stale_at=TIME, order=id, shuffled or
    register.

    **Examples**

    - `kulla exercise leak country leak.xlsx --part payroll@2024-06-14T10:30,columns=nid+full_name+gross_salary`
    - `kulla exercise leak country leak.csv --part payroll@,misdeed=bulk_export --altered 0.1 --invented 0.05`
    - `kulla exercise leak country two.xlsx --part civil@2024-02-01,rows=3000 --part civil@2024-06-01,rows=3000`
    """
    from kulla.exercise.leaking import Order, country_at, form_of, leak
    from kulla.exercise.leakparts import read_part

    order = Order(
        tuple(map(read_part, part)), altered, invented, joined, plain, not no_headers, shuffled, seed, form_of(out)
    )
    made = leak(country_at(Path(folder)), order, out)
    if json:
        shared.print_json(asdict(made), indent=True)
        return 0
    print(f"{safe(str(out))}: {made.rows:,} rows, SHA-256 {made.sha256}")
    rows = [(p["register"], p["at"], p["rows"], p["misdeed"], ", ".join(p["accounts"])) for p in made.parts]
    sys.stdout.write(plain_table(("register", "as of", "rows", "misdeed", "accounts"), rows))
    return 0
