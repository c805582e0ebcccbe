"""`kulla register seal`: audit logs sealed as they grow, chains verified, heads countersigned."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import plain_table, safe
from kulla.errors import InputError, UsageError
from kulla.registers.folder import OwnerFolder
from kulla.registers.sealing import clock, signkeys, store
from kulla.registers.sealing.agent import Agent
from kulla.registers.seals.chain import verify as verify_chain
from kulla.registers.seals.seal import countersigned, fingerprint, holds

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Seal audit logs as they grow; verify and countersign."
)

Key = Annotated[Path, typer.Option("--key", metavar="FILE", help="The private key (PEM, mode 0600).")]
Public = Annotated[Path, typer.Option("--public", metavar="FILE", help="The agent's public key (PEM).")]
Owner = Annotated[Path, typer.Option("--owner", metavar="DIR", help="The owner's folder.")]


@app.command()
def key(file: Annotated[Path, typer.Argument(metavar="FILE", help="The private key to make.")]) -> int:
    """Make a key for sealing or countersigning, and print its fingerprint to be told to the other side by telephone.

    **Examples**

    - `kulla register seal key /etc/kulla/payroll-seal.pem`
    """
    print(fingerprint(signkeys.new_key(file)))
    return 0


@app.command()
def run(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The register.")],
    logs: Annotated[list[Path], typer.Argument(metavar="LOG...", help="Its database's logs: files or folders.")],
    key: Key,
    every: Annotated[
        int, typer.Option("--every", metavar="SECONDS", min=0, help="Go on, with a pass so often; 0: one pass.")
    ] = 0,
    owner: Owner = Path(),
) -> int:
    """Seal what the logs hold that is new. Run it as a service with --every, or from a timer every few minutes.

    A pass costs reading what is new, and the last segment again. Ctrl-C ends it between two passes.

    **Examples**

    - `kulla register seal run payroll /var/log/postgresql --key /etc/kulla/payroll-seal.pem --every 60`
    - `kulla register seal run payroll audit.csv --key seal.pem --owner /srv/kulla`
    """
    for path in logs:
        if not path.exists():
            raise InputError(f"{path}: no such file or folder")
    folder = OwnerFolder(owner).register(name)
    folder.read()
    agent = Agent(folder, name, signkeys.private_key(key))
    while True:
        seals = agent.run(logs, datetime.now(UTC), clock.status())
        counts = Counter(seal.kind for seal in seals)
        told = ", ".join(f"{count} {kind}" for kind, count in counts.items())
        size = sum(seal.stop - seal.start for seal in seals)
        print(f"{seals[-1].time:%Y-%m-%dT%H:%M:%SZ}  {told}; {size:,} bytes; head {seals[-1].seq} {seals[-1].hash}")
        if not every:
            return 0
        time.sleep(every)


@app.command()
def verify(
    chain: Annotated[Path, typer.Argument(metavar="SEALS", help="A chain: seals.jsonl.")],
    public: Public,
    heads: Annotated[
        Path | None, typer.Option("--heads", metavar="FILE", help="Heads the centre countersigned.")
    ] = None,
    centre: Annotated[Path | None, typer.Option("--centre", metavar="FILE", help="The centre's public key.")] = None,
    silence: Annotated[
        int, typer.Option("--silence", metavar="MINUTES", min=1, help="How long the agent may say nothing.")
    ] = 15,
    json: shared.Json = False,
) -> int:
    """Verify a chain of seals: forged, broken, missing, rewritten, cut off, silent. Exit code 3 when anything is wrong.

    Without the centre's heads nothing shows that seals were cut off the end, or the whole chain made anew.

    **Examples**

    - `kulla register seal verify outbox/seals.jsonl --public payroll-seal.pem.pub`
    - `kulla register seal verify seals.jsonl --public agent.pub --heads heads.jsonl --centre centre.pub`
    """
    if (heads is None) != (centre is None):
        raise UsageError("--heads and --centre go together: a head counts only with the key it is signed by")
    seals = store.read_chain(chain)
    if not seals:
        raise InputError(f"{chain}: no seals; kulla register seal run makes them")
    faults = verify_chain(
        seals,
        signkeys.public_key(public),
        store.read_heads(heads) if heads else (),
        signkeys.public_key(centre) if centre else None,
        datetime.now(UTC),
        timedelta(minutes=silence),
    )
    if json:
        rows = [{"problem": f.problem, "seal": f.seq, "time": f.time, "since": f.since, "told": f.told} for f in faults]
        shared.print_json({"schema": 1, "seals": len(seals), "head": seals[-1].hash, "faults": rows}, indent=True)
        return 3 if faults else 0
    if faults:
        rows_of = [(f.seq, f.problem, f"{f.time:%Y-%m-%d %H:%M:%S}" if f.time else "", safe(f.told)) for f in faults]
        print(plain_table(("seal", "problem", "time (UTC)", "what"), rows_of))
    files = len({seal.file for seal in seals if seal.file})
    print(f"{len(seals):,} seals over {files} logs; {len(faults)} faults; head {seals[-1].seq} {seals[-1].hash}")
    return 3 if faults else 0


@app.command()
def countersign(
    chain: Annotated[Path, typer.Argument(metavar="SEALS", help="The chain that came from the owner.")],
    public: Public,
    key: Key,
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="The file of heads to add to.")],
) -> int:
    """At the centre: countersign the newest head of a chain with the centre's time and key.

    Refused when the chain does not agree with the heads countersigned before.

    **Examples**

    - `kulla register seal countersign seals.jsonl --public agent.pub --key centre-seal.pem --out heads.jsonl`
    """
    seals, agent, centre = store.read_chain(chain), signkeys.public_key(public), signkeys.private_key(key)
    if not seals:
        raise InputError(f"{chain}: no seals")
    faults = verify_chain(seals, agent, store.read_heads(out), centre.public_key())
    refused = [fault for fault in faults if fault.problem in ("forged", "broken", "rewritten", "truncated")]
    if refused or not holds(seals[-1], agent):
        raise InputError(f"{chain}: not countersigned: seal {refused[0].seq}: {refused[0].told}")
    head = countersigned(seals[-1], datetime.now(UTC), centre)
    store.append(out, [head])
    print(f"head {head.seq} {head.hash} countersigned; {len(faults)} other findings")
    return 0
