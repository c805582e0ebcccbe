"""How a centre is written to and calls out: the tables [mail], [notices] and [heartbeat] of centre.toml, checked.

Passwords and keys of webhooks lie among the keys: imap-<box>.secret, smtp.secret, webhook-<name>.secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args

from kulla.centre.centretoml import CentreToml
from kulla.centre.folder import exposed
from kulla.centre.people.zones import Zone
from kulla.centre.vault.keyring import Keys
from kulla.errors import ConfigError, InputError

Security = Literal["tls", "starttls", "none"]
LEVELS: Final = ("informational", "low", "medium", "high", "critical")
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. `security` none is for this machine alone; `ca` is a PEM file that vouches for it instead of the
    system's; without `user` nobody signs in; `secret` is the password's file among the keys."""

    host: str
    port: int
    security: Security = "tls"
    user: str = ""
    ca: str = ""
    secret: str = ""

    def password(self, keys: Keys) -> str:
        """The password. Raises ConfigError when its file is not there or open to others."""
        return secret(keys, self.secret)


@dataclass(frozen=True, slots=True)
class Box:
    """A mailbox to which reports are sent, and the zone they are of."""

    name: str
    server: Server
    folder: str = "INBOX"
    zone: str = Zone.CIVIL.value


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address that is told of notices of `zones`."""

    name: str
    url: str
    zones: frozenset[str]

    def key(self, keys: Keys) -> bytes:
        """What its messages are signed with. Raises ConfigError."""
        return secret(keys, f"webhook-{self.name}.secret").encode()


@dataclass(frozen=True, slots=True)
class Ways:
    """The three tables.

    Attributes:
        boxes, smtp, sender: mail in and out; `sender` is the address in From. smtp None: nothing is sent by mail.
        subaddress: replies may be asked to sender+R-2026-00042.code@…: the server must deliver these.
        zone: of .eml files that lie in inbox/.reports itself.
        level: alerts of this level and above call out.
        minutes: after which an unacknowledged notice goes to the next of the rota; rounds: how often the rota is gone
            through before it is given up.
        hosts: hosts of webhooks that may be private or without https.
        beat_file, beat_url, beat_minutes: the sign of life.
    """

    boxes: tuple[Box, ...] = ()
    smtp: Server | None = None
    sender: str = ""
    subaddress: bool = False
    zone: str = Zone.CIVIL.value
    level: str = "high"
    minutes: float = 15.0
    rounds: int = 3
    hosts: frozenset[str] = frozenset()
    webhooks: tuple[Webhook, ...] = ()
    beat_file: str = ""
    beat_url: str = ""
    beat_minutes: float = 5.0

    @property
    def severity(self) -> int:
        """`level` as the number that alerts bear."""
        return LEVELS.index(self.level)


def secret(keys: Keys, name: str) -> str:
    """A secret among the keys. Raises ConfigError saying which file is to be written."""
    path = keys.folder / name
    try:
        problem = exposed(path)
        text = path.read_text("utf-8").strip() if not problem else ""
    except (InputError, OSError, UnicodeDecodeError):
        problem, text = "", ""
    if problem:
        raise ConfigError(problem)
    if not text:
        raise ConfigError(f"{path}: write the secret into this file, mode 0600")
    return text


def ways(told: CentreToml) -> Ways:
    """The tables of a centre. Raises ConfigError naming what is wrong.

    >>> ways(CentreToml("Qendra", "localhost", more={"notices": {"level": "critical"}})).severity
    4
    """
    mail = _table(told.more, "mail", {"boxes", "smtp", "zone"})
    notices = _table(told.more, "notices", {"level", "minutes", "rounds", "hosts", "webhooks"})
    beat = _table(told.more, "heartbeat", {"file", "url", "minutes"})
    level = notices.get("level", "high")
    if level not in LEVELS:
        raise ConfigError(f"centre.toml: [notices] level: must be one of {', '.join(LEVELS)}")
    hosts = notices.get("hosts", [])
    if not isinstance(hosts, list) or not all(isinstance(each, str) for each in hosts):
        raise ConfigError("centre.toml: [notices] hosts: must be a list of names")
    smtp = dict(mail.get("smtp", {}))
    sender, sub = smtp.pop("from", ""), smtp.pop("subaddress", False)
    if smtp and "@" not in str(sender):
        raise ConfigError("centre.toml: [mail.smtp] from: must be the address that letters come from")
    return Ways(
        boxes=tuple(_box(name, table) for name, table in _named(mail, "mail", "boxes")),
        smtp=_server("mail.smtp", smtp, 587, "starttls", "smtp.secret") if smtp else None,
        sender=str(sender), subaddress=sub is True, zone=_zone(mail, "mail"), level=level,
        minutes=_number(notices, "notices", "minutes", 15), rounds=int(_number(notices, "notices", "rounds", 3)),
        hosts=frozenset(each.lower() for each in hosts),
        webhooks=tuple(_webhook(name, table) for name, table in _named(notices, "notices", "webhooks")),
        beat_file=_beat_file(beat), beat_url=str(beat.get("url", "")),
        beat_minutes=_number(beat, "heartbeat", "minutes", 5),
    )  # fmt: skip


def _table(more: Mapping[str, Any], name: str, known: set[str]) -> Mapping[str, Any]:
    table = more.get(name, {})
    _only(name, table, known)
    return table  # type: ignore[no-any-return]


def _only(name: str, table: object, known: set[str]) -> None:
    if not isinstance(table, Mapping):
        raise ConfigError(f"centre.toml: [{name}] must be a table")
    loose = sorted(set(table) - known)
    if loose:
        raise ConfigError(f"centre.toml: [{name}] has no {loose[0]}; it has {', '.join(sorted(known))}")


def _named(table: Mapping[str, Any], above: str, name: str) -> list[tuple[str, Any]]:
    found = table.get(name, {})
    if not isinstance(found, Mapping) or not all(str(each).replace("-", "").isalnum() for each in found):
        raise ConfigError(f"centre.toml: [{above}.{name}.NAME] must be tables; a name has letters, digits and -")
    return sorted(found.items())


def _box(name: str, table: Any) -> Box:
    where = f"mail.boxes.{name}"
    _only(where, table, {"host", "port", "security", "user", "ca", "folder", "zone"})
    plain = {key: value for key, value in table.items() if key not in {"folder", "zone"}}
    server = _server(where, plain, 993, "tls", f"imap-{name}.secret")
    if server.security == "none":
        raise ConfigError(f"centre.toml: [{where}] security: tls or starttls; a mailbox is never read in the clear")
    return Box(name, server, str(table.get("folder", "INBOX")), _zone(table, where))


def _server(where: str, table: Mapping[str, Any], port: int, security: Security, file: str) -> Server:
    _only(where, table, {"host", "port", "security", "user", "ca"})
    made = Server(
        str(table.get("host", "")), int(_number(table, where, "port", port)), table.get("security", security),
        str(table.get("user", "")), str(table.get("ca", "")), file,
    )  # fmt: skip
    if not made.host or made.security not in get_args(Security):
        raise ConfigError(f"centre.toml: [{where}] needs host, and security of {', '.join(get_args(Security))}")
    if made.security == "none" and made.host not in LOOPBACK:
        raise ConfigError(f"centre.toml: [{where}] security: none is for a server on this machine alone")
    return made


def _webhook(name: str, table: Any) -> Webhook:
    where = f"notices.webhooks.{name}"
    _only(where, table, {"url", "zones"})
    zones = table.get("zones", [])
    if not isinstance(zones, list) or not zones or not set(zones) <= set(Zone.values):
        raise ConfigError(f"centre.toml: [{where}] zones: a list of {', '.join(Zone.values)}")
    if not isinstance(table.get("url"), str):
        raise ConfigError(f"centre.toml: [{where}] url: must be the address")
    return Webhook(name, table["url"], frozenset(zones))


def _beat_file(table: Mapping[str, Any]) -> str:
    found = str(table.get("file", ""))
    if found and not Path(found).is_absolute():
        raise ConfigError("centre.toml: [heartbeat] file: must be an absolute path, best on another machine")
    return found


def _zone(table: Mapping[str, Any], where: str) -> str:
    found = table.get("zone", Zone.CIVIL.value)
    if found not in Zone.values:
        raise ConfigError(f"centre.toml: [{where}] zone: one of {', '.join(Zone.values)}")
    return str(found)


def _number(table: Mapping[str, Any], where: str, key: str, usual: float) -> float:
    value = table.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise ConfigError(f"centre.toml: [{where}] {key}: must be a number above 0")
    return float(value)
