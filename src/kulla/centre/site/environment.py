"""What Django's settings take from the environment, read and checked once."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from kulla.centre.folder import Centre
from kulla.centre.law.holidays import holidays
from kulla.centre.law.jurisdiction import shipped
from kulla.centre.vault.keyring import Keys
from kulla.errors import ConfigError

APPS: Final = (
    *("site", "people", "audit", "cases", "alerts", "evidence"),
    *("worker", "guard", "hunting", "notices", "crossing", "situation", "api"),
)
"""The apps, from the one that all others may import to the one that none may."""

TLS: Final = ("own", "none")


@dataclass(frozen=True, slots=True)
class Environment:
    """The values as `settings` needs them. `folder` and `keys` are None when no centre is served."""

    folder: Path | None
    keys: Path | None
    secret: str
    hosts: tuple[str, ...]
    database: Mapping[str, Any]
    tls: str
    proxied: bool
    exercise: bool
    providers: tuple[Mapping[str, Any], ...]


def read(environ: Mapping[str, str]) -> Environment:
    """The environment, or what stands for it where none is set.

    Raises ConfigError when a variable cannot be used.
    """
    folder, keys = _path(environ, "KULLA_CENTRE"), _path(environ, "KULLA_KEYS")
    tls = environ.get("KULLA_TLS", "own")
    if tls not in TLS:
        raise ConfigError(f"KULLA_TLS: must be one of {', '.join(TLS)}")
    return Environment(
        folder=folder,
        keys=keys,
        secret=_secret(keys),
        hosts=tuple(filter(None, environ.get("KULLA_HOSTS", "").split(","))),
        database=database(environ.get("DATABASE_URL", ""), folder),
        tls=tls,
        proxied=environ.get("KULLA_PROXIED") == "1",
        exercise=environ.get("KULLA_EXERCISE") == "1",
        providers=tuple(json.loads(environ.get("KULLA_OIDC", "[]"))),
    )


def _path(environ: Mapping[str, str], name: str) -> Path | None:
    return Path(environ[name]).resolve() if environ.get(name) else None


def _secret(keys: Path | None) -> str:
    return Keys(keys).console() if keys else secrets.token_urlsafe(48)


def database(url: str, folder: Path | None) -> dict[str, Any]:
    """Django's entry for `url`, or for SQLite in `folder`, or in memory.

    Raises ConfigError when the address is not PostgreSQL's. The message never holds the password.

    >>> database("postgresql://k:s%40@localhost:5433/kulla?sslmode=require", None)["OPTIONS"]
    {'sslmode': 'require'}
    """
    if not url:
        name = str(folder / "state" / "centre.sqlite3") if folder else ":memory:"
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name, "OPTIONS": dict(_SQLITE)}
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ConfigError("DATABASE_URL: must begin with postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": dict(parse_qsl(parts.query)),
    }


_SQLITE: Final[Mapping[str, Any]] = {
    # A write takes its lock at once: two writers that both read first would end in an error instead of a wait.
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
}


def of(centre: Centre, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables by which a process serves `centre`: `environ` with ours set.

    Raises ConfigError when what centre.toml says cannot be used.
    """
    told = centre.told
    holidays(told.more, shipped())  # refused here, before a page is
    providers = told.more.get("oidc", {})
    return {
        **environ,
        "DJANGO_SETTINGS_MODULE": "kulla.centre.site.settings",
        "KULLA_CENTRE": str(centre.path),
        "KULLA_KEYS": str(centre.keys.folder),
        "KULLA_HOSTS": ",".join(sorted({told.host, "localhost", "127.0.0.1", "[::1]"})),
        "KULLA_TLS": "none" if told.tls == "none" else "own",
        "KULLA_PROXIED": "1" if told.tls == "proxy" else "",
        "KULLA_EXERCISE": "1" if told.exercise else "",
        "KULLA_OIDC": json.dumps(list(_providers(providers, centre.keys))),
        "DATABASE_URL": centre.database_url(environ.get("DATABASE_URL", "")),
    }


def _providers(tables: Mapping[str, Any], keys: Keys) -> Iterator[dict[str, Any]]:
    """allauth's entry for each table [oidc.<name>] of centre.toml: server, client, title. The client's secret is
    `oidc-<name>.secret` among the keys. Raises ConfigError naming what is missing."""
    for name, table in tables.items():
        try:
            secret = (keys.folder / f"oidc-{name}.secret").read_text("utf-8").strip()
            settings = {"server_url": table["server"]}
            yield {"provider_id": name, "name": table.get("title", name), "client_id": table["client"],
                   "secret": secret, "settings": settings}  # fmt: skip
        except (KeyError, TypeError):
            raise ConfigError(f"centre.toml: [oidc.{name}] needs server and client") from None
        except OSError as error:
            raise ConfigError(f"{keys.folder / f'oidc-{name}.secret'}: cannot be read: {error.strerror}") from None
