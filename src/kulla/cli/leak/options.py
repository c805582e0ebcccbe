"""Options of `kulla leak trace` and `kulla leak calibrate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Files = Annotated[list[Path], typer.Argument(metavar="FILE…", help="The leak: one file, or several that are one.")]
Case = Annotated[str, typer.Option("--case", metavar="N", help="The case's number.")]
Purpose = Annotated[str, typer.Option("--purpose", metavar="TEXT", help="What the trace is for.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who runs it.")]
Witness = Annotated[str, typer.Option("--with", metavar="PERSON", help="The second person, who agrees.")]
Centre = Annotated[Path | None, typer.Option("--centre", metavar="DIR", help="The centre's folder.")]
CentreKey = Annotated[Path | None, typer.Option("--centre-key", metavar="FILE", help="The centre's key file.")]
OwnerKey = Annotated[
    list[str],
    typer.Option("--owner-key", metavar="REGISTER=FILE", help="An owner's key file, or the envelope for this case."),
]
Owner = Annotated[
    Path | None,
    typer.Option("--owner", metavar="DIR", help="At the owner's site: their folder, instead of a centre."),
]
Key = Annotated[Path | None, typer.Option("--key", metavar="FILE", help="At the owner's site: their key file.")]
Register = Annotated[
    list[str],
    typer.Option("--register", metavar="NAME", help="Compare with this register only; repeat for several."),
]
Out = Annotated[
    list[Path], typer.Option("--out", "-o", metavar="FILE", help="Write .json, .html or .pdf; repeat for several.")
]
Package = Annotated[
    Path | None, typer.Option("--package", metavar="DIR", help="Write evidence packages into this new folder.")
]
PackageKey = Annotated[
    Path | None,
    typer.Option("--package-key", metavar="FILE", help="The key that signs them; made if there is none."),
]
Language = Annotated[str, typer.Option("--language", metavar="L", help="Of reports: en or sq.")]
Public = Annotated[bool, typer.Option("--public", help="Reports for the public: accounts bear letters.")]
Rows = Annotated[
    Path | None,
    typer.Option("--rows", metavar="FILE", help="At the owner's site: each row's verdict, as Parquet or CSV."),
]
Logs = Annotated[
    list[str],
    typer.Option("--logs", metavar="PATH", help="Host, VPN and proxy logs, for leads; repeat for several."),
]
Marks = Annotated[
    list[str],
    typer.Option("--marks", metavar="REGISTER=FILE", help="What kulla extract identify --json said of the file."),
]
Protected = Annotated[
    list[Path],
    typer.Option("--protected", metavar="LIST", help="A sealed list; its answer is written beside --out."),
]
Citizens = Annotated[
    Path | None,
    typer.Option(
        "--citizens", metavar="FILE", help="At the owner's site: write the look-up set for citizens' questions."
    ),
]
CitizensKey = Annotated[
    Path | None, typer.Option("--citizens-key", metavar="FILE", help="The gateway's key file, for --citizens.")
]
Source = Annotated[str, typer.Option("--source", metavar="TEXT", help="Where the file comes from.")]
HandedBy = Annotated[str, typer.Option("--handed-by", metavar="TEXT", help="Who handed it over.")]
LegalBasis = Annotated[str, typer.Option("--legal-basis", metavar="TEXT", help="On what basis it was taken in.")]
Received = Annotated[str | None, typer.Option("--received", metavar="TIME", help="When it was taken in; default: now.")]
Seen = Annotated[
    str | None, typer.Option("--seen", metavar="TIME", help="Its earliest sighting: nothing was taken after it.")
]
PriorUnlogged = Annotated[
    float, typer.Option("--prior-unlogged", metavar="P", min=0.001, max=0.999, help="Weight of an unlogged copy.")
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="TIME", help="For a re-run: when the first run was made; ages are judged then."),
]
Seed = Annotated[int, typer.Option("--seed", metavar="S", help="Of everything drawn at random.")]
RegisterName = Annotated[str, typer.Argument(metavar="REGISTER", help="The register's name.")]
Columns = Annotated[
    list[str], typer.Option("--columns", metavar="A,B", help="For leaks of these columns; repeat. Default: all.")
]
Like = Annotated[
    list[Path],
    typer.Option("--like", metavar="TRACE", help="For the pieces of this trace.json; repeat for several."),
]
Workers = Annotated[int, typer.Option("--workers", metavar="N", min=1, help="Processes at work.")]
Runs = Annotated[
    int, typer.Option("--runs", metavar="N", min=50, help="Leaks without a logged source, for each size and kind.")
]
TsaCertificates = Annotated[
    Path | None,
    typer.Option("--tsa-certificates", metavar="FILE", help="Certificates of the time-stamp's authority, PEM."),
]
