"""Django for one centre, in this process."""

from __future__ import annotations

import os

from kulla.centre.folder import Centre
from kulla.centre.site import environment
from kulla.errors import ConfigError


def environ(centre: Centre) -> dict[str, str]:
    """The environment for processes of this centre.

    Raises ConfigError when DATABASE_URL would lead a centre on SQLite to another database without anybody noticing.
    """
    if centre.told.database == "sqlite" and os.environ.get("DATABASE_URL"):
        raise ConfigError(
            f"DATABASE_URL is set, and {centre.path}/centre.toml says database = sqlite; unset one or change the other"
        )
    return environment.of(centre, os.environ)


def set_up(centre: Centre) -> None:
    """Make this process one of the centre's: its settings, its database. Once in a process."""
    os.environ.update(environ(centre))
    import django

    django.setup()


def pending() -> list[str]:
    """Migrations that the database has not seen, as app.name; empty when it fits this Kulla. After `set_up`.

    Raises ConfigError when the database does not answer.
    """
    from django.db import DatabaseError, connection
    from django.db.migrations.executor import MigrationExecutor

    try:
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        raise ConfigError(f"the database does not answer ({type(error).__name__}); see DATABASE_URL") from None
    return [f"{step.app_label}.{step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def fit(centre: Centre) -> None:
    """Raise ConfigError unless the database fits this Kulla."""
    waiting = pending()
    if waiting:
        raise ConfigError(
            f"{centre.path}: its database is older than this Kulla ({len(waiting)} changes wait, from {waiting[0]}); "
            f"run kulla upgrade {centre.path}"
        )
