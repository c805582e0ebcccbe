"""The lake: events kept whole in Delta tables, searched within a user's scope."""

from kulla.lake.entities import Around
from kulla.lake.integrity import disk_low
from kulla.lake.language import QueryError
from kulla.lake.retention import Held, Hold, Policy, Retained
from kulla.lake.scope import Scope
from kulla.lake.store import Lake, check
from kulla.lake.summary import Facet, Histogram

__all__ = [
    "Around",
    "Facet",
    "Held",
    "Histogram",
    "Hold",
    "Lake",
    "Policy",
    "QueryError",
    "Retained",
    "Scope",
    "check",
    "disk_low",
]
