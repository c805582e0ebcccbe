"""Scripted misdeeds, switched on by name."""

from __future__ import annotations

from kulla.exercise.misdeeds.administrators import (
    AuditOffAndOn,
    BaseBackup,
    FileLevelCopy,
    LogLinesDeleted,
    PgDump,
    ReadFromReplica,
    ReplicationConnection,
    RestoreToTest,
)
from kulla.exercise.misdeeds.api import Family
from kulla.exercise.misdeeds.bulk import (
    BulkExport,
    CopyEvasion,
    CursorEvasion,
    ErrorAfterRead,
    PagedCrawl,
    TwoColluders,
)
from kulla.exercise.misdeeds.forged import ForgedApplicationName
from kulla.exercise.misdeeds.order import Done, Misdeed
from kulla.exercise.misdeeds.slow import LowAndSlow, OffHours, SequentialEnumeration, WatchedPersons

MISDEEDS: tuple[Family, ...] = (
    BulkExport(), PagedCrawl(), LowAndSlow(), SequentialEnumeration(), WatchedPersons(), OffHours(), ErrorAfterRead(),
    CursorEvasion(), CopyEvasion(), TwoColluders(), ForgedApplicationName(), PgDump(), BaseBackup(),
    ReplicationConnection(), RestoreToTest(), ReadFromReplica(), FileLevelCopy(), AuditOffAndOn(), LogLinesDeleted(),
)  # fmt: skip
"""Every family; adding one is one class and one place here."""

NAMES: tuple[str, ...] = tuple(family.name for family in MISDEEDS)

__all__ = ["MISDEEDS", "NAMES", "Done", "Family", "Misdeed"]
