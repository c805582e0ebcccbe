"""`kulla init`: make a centre."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kulla.cli import shared
from kulla.cli.tables import safe
from kulla.errors import UsageError

if TYPE_CHECKING:
    from kulla.centre.centretoml import CentreToml
    from kulla.centre.running.founding import Founded


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The centre's folder, made if need be.")],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What the centre is called.")],
    keys: Annotated[Path, typer.Option("--keys", metavar="PATH", help="The folder of its keys, new, outside DIR.")],
    host: Annotated[str, typer.Option("--host", metavar="NAME", help="The name browsers reach it by.")] = "localhost",
    listen: Annotated[str, typer.Option("--listen", metavar="ADDRESS:PORT", help="Where it listens.")] = "",
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", metavar="F", help="Its certificate (PEM).")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", metavar="F", help="The certificate's key.")] = None,
    self_signed: Annotated[bool, typer.Option("--self-signed", help="Make a certificate of its own.")] = False,
    behind_proxy: Annotated[bool, typer.Option("--behind-proxy", help="A proxy on this host has the TLS.")] = False,
    no_tls: Annotated[bool, typer.Option("--no-tls", help="Plain HTTP, on this machine only.")] = False,
    admin: Annotated[str, typer.Option("--admin", metavar="NAME", help="The first administrator.")] = "administrator",
    exercise: Annotated[bool, typer.Option("--exercise", help="All its data are invented, and it says so.")] = False,
    centre_key: Annotated[
        Path | None,
        typer.Option("--centre-key", metavar="FILE", help="Its part of registers' keys, when it has one."),
    ] = None,
    json: shared.Json = False,
) -> int:
    """Make a centre: its folder, its keys, its database, and a link by which the first administrator comes in.

    Without one of the options on TLS it signs a certificate for itself. With DATABASE_URL=postgresql://… it keeps its
    state there, else in SQLite below DIR.

    **Examples**

    - `kulla init /srv/centre --name "Qendra Kombëtare" --host kulla.example.al --keys /etc/kulla/keys`
    - `kulla init centre --name Provë --keys centre-keys --no-tls --exercise`
    """
    from kulla.centre.running import founding
    from kulla.registers.keyfile import read_key

    told = _told(name, host, listen, (tls_cert, tls_key), self_signed, behind_proxy, no_tls, exercise)
    registers = read_key(centre_key, "centre") if centre_key else None
    done = founding.found(folder, keys, told, admin, datetime.now(UTC), registers)
    if json:
        told = done.centre.told
        shared.print_json(
            {"centre": str(done.centre.path), "keys": told.keys, "address": founding.address(told), "link": done.link,
             "administrator": done.administrator, "fingerprint": done.fingerprint}
        )  # fmt: skip
        return 0
    for line in _lines(done):
        print(safe(line))
    return 0


def _lines(done: Founded) -> Iterator[str]:
    from kulla.centre.running.founding import address

    told = done.centre.told
    yield f"{told.name}: made in {done.centre.path}"
    yield f"  keys         {told.keys}: copy them to a safe place apart from the folder; without them it is lost"
    yield f"  database     {'SQLite' if told.database == 'sqlite' else 'PostgreSQL; its address lies among the keys'}"
    yield f"  address      {address(told)}, listens on {told.listen}"
    if done.fingerprint:
        yield f"  certificate  {done.fingerprint} (SHA-256, self-signed)"
    yield f"  sign in      as {done.administrator}, once, within 3 days:"
    yield ""
    yield f"  {done.link}"
    yield ""
    yield f"Start it: kulla run {done.centre.path}"


def _told(
    name: str, host: str, listen: str, files: tuple[Path | None, Path | None],
    self_signed: bool, behind_proxy: bool, no_tls: bool, exercise: bool,
) -> CentreToml:  # fmt: skip
    from kulla.centre.centretoml import CentreToml, text_of

    given = any(files)
    if sum((given, self_signed, behind_proxy, no_tls)) > 1:
        raise UsageError("choose one: --tls-cert with --tls-key, --self-signed, --behind-proxy, or --no-tls")
    if given and not all(files):
        raise UsageError("--tls-cert and --tls-key go together")
    listen = listen or ("127.0.0.1:8080" if behind_proxy or no_tls else "127.0.0.1:8443")
    if no_tls and not (host == "localhost" or _loopback(host)):
        raise UsageError(f"--no-tls: only with --host localhost or 127.0.0.1; {host} needs a certificate")
    if (no_tls or behind_proxy) and not _loopback(listen.rpartition(":")[0]):
        raise UsageError(f"--listen {listen}: without TLS of its own it listens on 127.0.0.1 or [::1] alone")
    certificate, key = (str(each.resolve()) if each else "" for each in files)
    told = CentreToml(
        name=name, host=host, listen=listen, tls_cert=certificate, tls_key=key, exercise=exercise,
        tls="files" if given else "proxy" if behind_proxy else "none" if no_tls else "self-signed",
        database="postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite",
        id="0" * 16,  # as every value is checked before anything is made; `create` draws the real one
    )  # fmt: skip
    text_of(told)
    return told


def _loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
