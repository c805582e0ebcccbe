"""Both stores of a centre: the evidence, and what came with reports."""

from __future__ import annotations

from typing import Final

from kulla.centre.folder import Centre
from kulla.centre.vault.store import Store

REPORTS: Final = "reports"
"""The folder in the centre's state in which attachments of reports lie."""


def evidence_store(centre: Centre) -> Store:
    """The evidence. Raises ConfigError for keys that cannot be read."""
    return Store(centre.evidence, centre.keys.evidence())


def reports_store(centre: Centre) -> Store:
    """What came with reports: encrypted under the evidence store's keys, but apart from it, since custody begins when a
    case takes it. Raises ConfigError for keys that cannot be read."""
    return Store(centre.state / REPORTS, centre.keys.evidence())


def stores(centre: Centre) -> dict[str, Store]:
    """Both, by the name under which their flaws are told. Raises ConfigError for keys that cannot be read."""
    return {"evidence": evidence_store(centre), REPORTS: reports_store(centre)}
