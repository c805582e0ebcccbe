"""Lines of hosts' logs: auditd, syslog (RFC 5424) and Windows events as JSON, as the real programs write them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from kulla.exercise.workdays import SECOND

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PATHS: Final = {"systemctl": "/usr/bin", "psql": "/usr/bin", "sed": "/usr/bin", "auditctl": "/usr/sbin"}
_AUTH, _DAEMON, _LOCAL = 86, 30, 134
"""Priorities: facility × 8 + severity of authpriv.info, daemon.info and local0.info."""


@dataclass
class Trails:
    """Files of lines with their times, sorted when written."""

    files: dict[str, list[tuple[int, bytes]]] = field(default_factory=dict)
    _serial: int = 4000

    def command(self, host: str, time: int, user: str, line: str, uid: int = 1001, folder: str = "/root") -> None:
        """A command run as root by a user, as auditd records it with a rule for execve."""
        self._serial += 1
        stamp = f"{time // SECOND}.{time // 1000 % 1000:03}:{self._serial}"
        words = shlex.split(line)
        program = words[0] if words[0].startswith("/") else f"{_PATHS.get(words[0], '/usr/bin')}/{words[0]}"
        name = program.rpartition("/")[2]
        pid = 20_000 + self._serial % 40_000
        arguments = " ".join(f'a{number}="{word}"' if _plain(word) else f"a{number}={word.encode().hex().upper()}"
                             for number, word in enumerate(words))  # fmt: skip
        call = (
            f"type=SYSCALL msg=audit({stamp}): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 a2=55d2 "
            f"a3=8 items=2 ppid={pid - 1} pid={pid} auid={uid} uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 "
            f'tty=pts0 ses=7 comm="{name[:15]}" exe="{program}" subj=unconfined key="exec"'
            f'\x1dARCH=x86_64 SYSCALL=execve AUID="{user}" UID="root" GID="root" EUID="root"'
        )
        records = (
            call,
            f"type=EXECVE msg=audit({stamp}): argc={len(words)} {arguments}",
            f'type=CWD msg=audit({stamp}): cwd="{folder}"',
            f"type=PROCTITLE msg=audit({stamp}): proctitle={chr(0).join(words).encode().hex().upper()}",
        )  # fmt: skip
        text = "".join(f"node={host} {record}\n" for record in records)
        self._add(f"host/audit-{host}.log", time, text.encode())

    def syslog(self, file: str, host: str, time: int, program: str, text: str, priority: int = _AUTH) -> None:
        """A line of syslog."""
        moment = _EPOCH + timedelta(microseconds=time)
        pid = 700 + sum(program.encode()) + time // SECOND % 30_000
        line = f"<{priority}>1 {moment:%Y-%m-%dT%H:%M:%S.%f}Z {host} {program} {pid} - - {text}\n"
        self._add(file, time, line.encode())

    def login(self, host: str, time: int, user: str, source: str) -> None:
        """A login over SSH and becoming root."""
        file = f"host/syslog-{host}.log"
        port = 40_000 + time // SECOND % 20_000
        self.syslog(file, host, time, "sshd", f"Accepted publickey for {user} from {source} port {port} ssh2")
        self.syslog(file, host, time + 20_000, "sshd",
                    f"pam_unix(sshd:session): session opened for user {user}(uid=1001) by (uid=0)")  # fmt: skip

    def sudo(self, host: str, time: int, user: str, line: str) -> None:
        """A command by sudo: in syslog, and as auditd sees it."""
        text = f"{user} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={line}"
        self.syslog(f"host/syslog-{host}.log", host, time, "sudo", text)
        self.command(host, time + 4000, user, line)

    def vpn(self, time: int, user: str, outside: str, inside: str) -> None:
        """A VPN session's begin."""
        self.syslog("vpn/vpn.log", "vpn1", time, "openvpn", f"{outside}:51820 [{user}] Peer Connection Initiated with "
                    f"[AF_INET]{outside}:51820", _DAEMON)  # fmt: skip
        self.syslog("vpn/vpn.log", "vpn1", time + 90_000, "openvpn",
                    f"{user}/{outside}:51820 MULTI_sva: pool returned IPv4={inside}", _DAEMON)  # fmt: skip

    def backup(self, time: int, host: str, text: str) -> None:
        """A line of the backup system."""
        self.syslog("backup/backup.log", host, time, "pgbackrest", text, _LOCAL)

    def windows(self, time: int, computer: str, code: int, channel: str, **fields: Any) -> None:
        """A Windows event."""
        moment = _EPOCH + timedelta(microseconds=time)
        when = f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
        event = {"EventID": code, "Channel": channel, "Computer": computer, "@timestamp": when}
        self._add(f"windows/{computer.lower()}.ndjson", time, orjson.dumps(event | fields) + b"\n")

    def process(self, time: int, computer: str, user: str, line: str) -> None:
        """A process begun on a Windows machine, as Sysmon records it."""
        program = line.split(" ", maxsplit=1)[0].strip('"')
        moment = _EPOCH + timedelta(microseconds=time)
        self.windows(
            time, computer, 1, "Microsoft-Windows-Sysmon/Operational", UtcTime=f"{moment:%Y-%m-%d %H:%M:%S}.000",
            Image=program, CommandLine=line, User=f"AGENCY\\{user}", ParentImage="C:\\Windows\\System32\\cmd.exe",
            ProcessId=str(4000 + time // SECOND % 9000), IntegrityLevel="High",
        )  # fmt: skip

    def _add(self, file: str, time: int, line: bytes) -> None:
        self.files.setdefault(file, []).append((time, line))


def _plain(word: str) -> bool:
    return word.isascii() and not any(mark in word for mark in '" \t')
