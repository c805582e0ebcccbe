"""Misdeeds by administrators: copies of the register as a whole. Most of them the register's audit never sees.

What hosts, backups and networks log of them is written by `kulla.exercise.admintrails`.
"""

from __future__ import annotations

from kulla.exercise.acts import COPY, SCAN, SIMPLE, STREAM, Acts, acts
from kulla.exercise.misdeeds.api import Plain, Scene
from kulla.exercise.tools import machine, own


class _Copy(Plain):
    """A copy of the whole register in one act."""

    by = "administrators"
    any_day = True
    how = SIMPLE
    tool = "psql"
    minutes = 1.0

    def acts(self, scene: Scene) -> Acts:
        account = scene.doers[0]
        tool = own(self.tool) if self.tool == "psql" else machine(self.tool)
        hour = 8.0 + 14.0 * scene.stream.random()
        return acts(
            1, account=account, shape=SCAN, how=self.how, time=scene.day.at(hour), seconds=60 * self.minutes, tool=tool,
            session=account * 16 + 9, client=(1 << 17) + account, hidden=not self.logged,
        )  # fmt: skip


class PgDump(_Copy):
    """pg_dump of the register's table under the administrator's own account."""

    name = "pg_dump"
    how = COPY
    tool = "pg_dump"


class BaseBackup(_Copy):
    """pg_basebackup: all files of the server over a replication connection."""

    name = "base_backup"
    how = STREAM
    minutes = 8.0


class ReplicationConnection(_Copy):
    """A logical replication connection that streams every change, the first copy of the table included."""

    name = "replication_connection"
    how = STREAM
    minutes = 30.0


class RestoreToTest(_Copy):
    """The nightly backup restored to a test machine and read there."""

    name = "restore_to_test"
    logged = False


class ReadFromReplica(_Copy):
    """A read on the replica, whose audit nobody collects."""

    name = "read_from_replica"
    logged = False


class FileLevelCopy(_Copy):
    """The server's data files packed and carried off."""

    name = "file_level_copy"
    logged = False


class AuditOffAndOn(_Copy):
    """The audit switched off, the register read, the audit switched on again."""

    name = "audit_off_and_on"
    logged = False


class LogLinesDeleted(_Copy):
    """The register read, and the lines that tell of it taken out of the log afterwards."""

    name = "log_lines_deleted"
    logged = False
