"""centre.toml: what a centre is called, where it is reached, where its copies go. Pure: text in, values out.

A person may edit it. It never holds a secret: passwords and keys lie in the folder of keys, and a table that names one
here is refused.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, get_args

from kulla.errors import ConfigError

SCHEMA: Final = 1
"""What every room that reads centre.toml asks for."""
LAYOUT: Final = 1
"""The version of the folder's layout that this Kulla reads and writes; `kulla upgrade` brings older ones to it."""

Tls = Literal["files", "self-signed", "proxy", "none"]
Database = Literal["sqlite", "postgresql"]

_SECRET = re.compile(r"passw|passphrase|secret|token|private|credential", re.IGNORECASE)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\]")
_TEMPLATE: Final = """\
# What this centre is. Keys and passwords never stand here: they lie in the folder named by `keys`.
schema = {schema}
version = {version}            # the layout of this folder; kulla upgrade changes it
id = {id}
name = {name}
host = {host}                  # the name by which browsers reach the console
listen = {listen}
tls = {tls}                    # files (tls_cert, tls_key) | self-signed | proxy (a proxy has the certificate) | none
tls_cert = {tls_cert}
tls_key = {tls_key}
database = {database}          # sqlite | postgresql (its address: DATABASE_URL, or database.url among the keys)
keys = {keys}                  # the folder of keys, when --keys is not given
anchors = {anchors}            # folders off this machine to which signed heads of the chains are copied
exercise = {exercise}          # true: all data are invented, and every page says so
"""


@dataclass(frozen=True, slots=True)
class CentreToml:
    """The values of centre.toml.

    Attributes:
        id: 16 hexadecimal digits, equal to `centre.id` among the keys: the wrong keys are known at once.
        host: the name in the console's address; listen: where the process listens, `address:port`.
        tls_cert, tls_key: paths of PEM files for tls = files, else empty.
        keys: the folder of keys, absolute; empty when it must be named each time.
        anchors: folders to which signed heads are copied.
        version: of the folder's layout; 0 for a folder that only `kulla register receive` has written to.
        more: tables of other parts (mail, retention …) as they stand.
    """

    name: str
    host: str
    id: str = ""
    listen: str = "127.0.0.1:8443"
    tls: Tls = "self-signed"
    tls_cert: str = ""
    tls_key: str = ""
    database: Database = "sqlite"
    keys: str = ""
    anchors: tuple[str, ...] = ()
    exercise: bool = False
    version: int = LAYOUT
    more: Mapping[str, Any] = field(default_factory=dict)


def text_of(told: CentreToml) -> str:
    """centre.toml as text. Raises ConfigError for values that it could not be read back with."""
    plain = {name: _quoted(getattr(told, name)) for name in _NAMES}
    text = _TEMPLATE.format(schema=SCHEMA, **plain) + "".join(_tables(told.more))
    read(text, "centre.toml")
    return text


def read(text: str, name: str) -> CentreToml:
    """The values of a text; `name` is told in errors. Raises ConfigError saying what is wrong and where."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{name}: not TOML: {error}") from None
    if whole.pop("schema", None) != SCHEMA:
        raise ConfigError(f"{name}: schema must be {SCHEMA}; a newer Kulla may have written it")
    _no_secret(whole, name)
    plain = {key: whole.pop(key) for key in list(whole) if key in _NAMES}
    plain.setdefault("version", 0)
    for key, wanted in _TYPES.items():
        if key in plain and type(plain[key]) is not wanted:
            raise ConfigError(f"{name}: {key} must be {_CALLED[wanted]}")
    anchors = plain.pop("anchors", [])
    loose = sorted(key for key, value in whole.items() if not isinstance(value, dict))
    if loose:
        raise ConfigError(f"{name}: no such setting: {', '.join(loose)}")
    if plain["version"] > LAYOUT:
        raise ConfigError(f"{name}: version {plain['version']} was written by a newer Kulla; this one reads {LAYOUT}")
    found = CentreToml(**{"name": "", "host": "", **plain}, anchors=tuple(anchors), more=whole)
    _check(found, name)
    return found


def _check(told: CentreToml, name: str) -> None:
    if told.tls not in get_args(Tls):
        raise ConfigError(f"{name}: tls must be one of {', '.join(get_args(Tls))}")
    if told.database not in get_args(Database):
        raise ConfigError(
            f"{name}: database must be one of {', '.join(get_args(Database))}; its address stands elsewhere"
        )
    if (told.tls == "files") != bool(told.tls_cert and told.tls_key):
        raise ConfigError(f"{name}: tls = files goes with tls_cert and tls_key, and only that does")
    if told.version and not (told.name.strip() and _HOST.fullmatch(told.host)):
        raise ConfigError(f"{name}: name and host must be given; host is a name such as kulla.example.al")
    if told.version and not re.fullmatch(r"[0-9a-f]{16}", told.id):
        raise ConfigError(f"{name}: id must have 16 hexadecimal digits; restore the file from a backup")
    if not all(isinstance(each, str) and each for each in told.anchors):
        raise ConfigError(f"{name}: anchors must be folders")
    if not re.fullmatch(r".+:\d{1,5}", told.listen):
        raise ConfigError(f"{name}: listen must be address:port, such as 127.0.0.1:8443")


def _no_secret(table: Mapping[str, Any], name: str, above: str = "") -> None:
    for key, value in table.items():
        if isinstance(value, Mapping):
            _no_secret(value, name, f"{above}{key}.")
        elif _SECRET.search(key):
            raise ConfigError(f"{name}: {above}{key}: secrets do not stand here; put it in a file among the keys")


def _tables(more: Mapping[str, Any]) -> Iterator[str]:
    for table, values in more.items():
        if not isinstance(values, Mapping):
            raise ConfigError(f"centre.toml: {table} is no table")
        yield f"\n[{_key(table)}]\n"
        for key, value in values.items():
            yield f"{_key(key)} = {_quoted(value)}\n"


def _key(text: str) -> str:
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else _quoted(text)


def _quoted(value: object) -> str:
    """A value as TOML: JSON's strings are TOML's but for DEL, which TOML wants escaped."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_quoted(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(key)} = {_quoted(each)}" for key, each in value.items()) + "}"
    raise ConfigError(f"centre.toml: a {type(value).__name__} cannot stand in it")


_NAMES: Final = tuple(each.name for each in fields(CentreToml) if each.name != "more")
_TYPES: Final = {
    **dict.fromkeys(_NAMES, str), "version": int, "exercise": bool, "anchors": list,
}  # fmt: skip
_CALLED: Final = {str: "a text in quotes", int: "a whole number", bool: "true or false", list: "a list"}
