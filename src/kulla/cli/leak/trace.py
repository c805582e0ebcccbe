"""`kulla leak trace`: from a leaked file to what explains it, or an honest "not in this log"."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from kulla.cli import shared
from kulla.cli.leak.options import (
    AsOf,
    By,
    Case,
    Centre,
    CentreKey,
    Citizens,
    CitizensKey,
    Files,
    HandedBy,
    Key,
    Language,
    LegalBasis,
    Logs,
    Marks,
    Out,
    Owner,
    OwnerKey,
    Package,
    PackageKey,
    PriorUnlogged,
    Protected,
    Public,
    Purpose,
    Received,
    Register,
    Rows,
    Seed,
    Seen,
    Source,
    TsaCertificates,
    Witness,
)
from kulla.cli.leak.sites import owner_keys, pair, site_of, stage
from kulla.cli.leak.summary import summary
from kulla.cli.tables import safe
from kulla.errors import InputError
from kulla.leaks.trace import Trace


def trace(
    files: Files, case: Case, purpose: Purpose, by: By, witness: Witness, centre: Centre = None,
    centre_key: CentreKey = None, owner_key: OwnerKey = [], owner: Owner = None, key: Key = None,  # noqa: B006
    register: Register = [], out: Out = [], package: Package = None, package_key: PackageKey = None,  # noqa: B006
    language: Language = "en", public: Public = False, rows: Rows = None, logs: Logs = [],  # noqa: B006
    rules: shared.Rules = [], tz: shared.Zone = None, marks: Marks = [], protected: Protected = [],  # noqa: B006
    citizens: Citizens = None, citizens_key: CitizensKey = None, source: Source = "", handed_by: HandedBy = "",
    tsa_certificates: TsaCertificates = None, legal_basis: LegalBasis = "", received: Received = None,
    seen: Seen = None, prior_unlogged: PriorUnlogged = 0.5, seed: Seed = 1, as_of: AsOf = None,
    json: shared.Json = False,
) -> int:  # fmt: skip
    """Trace a leaked file: which registers it comes from, when it was taken, and which audited access explains it.

    It abstains rather than accuse: without calibration, on lines that were never sealed, or when several sources
    explain it equally, no account is named. At a centre nothing is told about fewer than 100 records. Every run is
    noted, with case, purpose and two names.

    **Examples**

    - `kulla leak trace leak.xlsx --centre /srv/centre --centre-key centre.key --owner-key payroll=owner.key --case 2026/31 --purpose "find the source" --by A.Hoxha --with B.Leka --out trace.html --out trace.json`
    - `kulla leak trace leak.csv --owner /srv/taxes --key owner.key --case 2026/31 --purpose "which rows" --by A.Hoxha --with B.Leka --rows rows.parquet`
    """  # noqa: E501
    from kulla.cli.leak.outputs import Wanted, look, write
    from kulla.leaks.desk.request import Request
    from kulla.leaks.desk.tracing import trace as traced

    wanted = Wanted(
        tuple(out), package, package_key, language, public, rows, tuple(protected), citizens, citizens_key,
        tsa_certificates,
    )  # fmt: skip
    wanted.check(owner is not None)
    now = datetime.now(UTC)
    # The hunt starts its confined children before Arrow and NumPy start threads: so it comes first.
    looked, whole = look(logs, shared.rules_given(rules), tz or "UTC") if logs else (None, True)
    site = site_of(centre, centre_key, owner_keys(owner_key), owner, key, case, now)
    lists = wanted.lists()
    wanted.ready(files)
    request = Request(
        tuple(files), case, purpose, by, witness, now, source, handed_by, legal_basis,
        shared.moment("--received", received), shared.moment("--seen", seen), tuple(register),
        lists, _marks(marks), prior_unlogged, seed, shared.moment("--as-of", as_of),
    )  # fmt: skip
    made = traced(request, site, shared.settings(), stage, looked)
    _show(made.trace, json)
    for line in write(made, site, wanted):
        print(f"kulla: {safe(line)}", file=sys.stderr)
    return 3 if not whole or any(one.problems for one in made.trace.inputs) else 0


def _show(found: Trace, json: bool) -> None:
    if json:
        sys.stdout.flush()
        sys.stdout.buffer.write(found.json())
        return
    for line in summary(found):
        print(safe(line))


def _marks(texts: Sequence[str]) -> dict[str, dict[str, object]]:
    import orjson

    found = {}
    for text in texts:
        name, path = pair("--marks", text)
        try:
            found[name] = orjson.loads(Path(path).read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise InputError(
                f"{path}: cannot be read ({type(error).__name__}); make it with kulla extract identify --json"
            ) from None
    return found
