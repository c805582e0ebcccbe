"""Groups: the rows of the queue, kept in step with their alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from kulla.centre.alerts.models import Alert, AlertGroup

CHUNK: Final = 900
"""Keys of one statement: below what SQLite takes as parameters, whatever else the statement has."""

_REFRESH: Final = """
UPDATE {groups} SET
  count = a.n, events = a.n_events, first = a.n_first, last = a.n_last, case_id = a.n_case, retro = a.n_retro > 0,
  new = a.n_new, acknowledged = a.n_acknowledged, escalated = a.n_escalated, closed = a.n_closed,
  open = a.n_new + a.n_acknowledged > 0, changed = %s,
  assignee_id = CASE WHEN a.one = a.other AND a.has = a.n_new + a.n_acknowledged THEN a.one END,
  status = CASE WHEN a.n_new > 0 THEN 'new' WHEN a.n_acknowledged > 0 THEN 'acknowledged'
                WHEN a.n_escalated > 0 THEN 'escalated' ELSE 'closed' END
FROM (
  SELECT "group", count(*) AS n, sum(events) AS n_events, min(first) AS n_first, max(last) AS n_last,
    max(case_id) AS n_case, sum(CASE WHEN retro THEN 1 ELSE 0 END) AS n_retro,
    sum(CASE WHEN status = 'new' THEN 1 ELSE 0 END) AS n_new,
    sum(CASE WHEN status = 'acknowledged' THEN 1 ELSE 0 END) AS n_acknowledged,
    sum(CASE WHEN status = 'escalated' THEN 1 ELSE 0 END) AS n_escalated,
    sum(CASE WHEN status = 'closed' THEN 1 ELSE 0 END) AS n_closed,
    min(CASE WHEN status IN ('new', 'acknowledged') THEN assignee_id END) AS one,
    max(CASE WHEN status IN ('new', 'acknowledged') THEN assignee_id END) AS other,
    count(CASE WHEN status IN ('new', 'acknowledged') THEN assignee_id END) AS has
  FROM {alerts} WHERE "group" IN ({keys}) GROUP BY "group"
) AS a WHERE {groups}.key = a."group"
"""


def key_of(kind: str, source: str, zone: str, constituent: str, host: str, account: str) -> str:
    """The group of an alert: rule or register, place, host and account, as a hunt's report groups hits.

    Names of hosts and accounts are compared without case. A group never crosses a constituent, so that whoever may see
    one of its alerts may see all.
    """
    parts = (kind, source, zone, constituent, host.lower(), account.lower())
    message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
    return hashlib.blake2b(message, digest_size=16).hexdigest()


def refresh(keys: Iterable[str], now: datetime | None = None) -> int:
    """Count the alerts of these groups anew, inside the caller's transaction; how many groups there were.

    One statement for all: the same through rows and `bulk_create` took a millisecond a group. The groups are locked
    first, since on PostgreSQL another transaction may be counting the same ones.
    """
    done, at = 0, connection.ops.adapt_datetimefield_value(now or timezone.now())
    with transaction.atomic(), connection.cursor() as cursor:
        for some in chunks(sorted(set(keys))):
            _lock(some)
            cursor.execute(_statement(len(some)), [at, *some])
            done += cursor.rowcount
    return done


def _lock(keys: Sequence[str]) -> None:
    if connection.vendor == "postgresql":
        list(AlertGroup.objects.select_for_update().filter(key__in=keys).order_by("key").values_list("pk"))


def _statement(count: int) -> str:
    tables = {"groups": AlertGroup._meta.db_table, "alerts": Alert._meta.db_table}
    return _REFRESH.format(keys=", ".join(["%s"] * count), **tables)


def chunks(keys: Iterable[Any], size: int = CHUNK) -> Iterator[list[Any]]:
    """Lists of at most `size`."""
    waiting = iter(keys)
    while some := list(islice(waiting, size)):
        yield some
