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


def unwalled() -> list[str]:
    """Why PostgreSQL's wall between zones does not stand, and what to do; empty when it does. After `set_up`."""
    from kulla.centre.people.rowsecurity import no_superuser

    return [f"{problem.msg} {problem.hint}" for problem in no_superuser(["default"])]


def opened(centre: Centre) -> list[str]:
    """Which of its tables PostgreSQL does not keep apart by zone, and what to do. After `set_up`."""
    from kulla.centre.people.rowsecurity import breached

    names = breached()
    told = f"{', '.join(names[:3])}{' and others' if names[3:] else ''}"
    hint = f"run kulla upgrade {centre.path}, which puts it up again"
    return [f"PostgreSQL's wall between zones does not stand on {told}; {hint}"] if names else []


def fit(centre: Centre) -> None:
    """Raise ConfigError unless the database fits this Kulla, and PostgreSQL's wall between zones binds its role."""
    waiting = pending()
    if waiting:
        raise ConfigError(
            f"{centre.path}: its database is older than this Kulla ({len(waiting)} changes wait, from {waiting[0]}); "
            f"run kulla upgrade {centre.path}"
        )
    for problem in (*unwalled(), *opened(centre)):
        raise ConfigError(problem)
