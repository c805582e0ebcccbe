"""Linux records: syslog (RFC 3164), the audit log, Sysmon for Linux."""

from __future__ import annotations

from xml.sax.saxutils import escape

from bench.weeks.clock import SECOND, iso, syslog
from bench.weeks.estate import Host
from bench.weeks.scene import Scene

NOBODY = 4294967295
_IDS = {
    "root": 0,
    "www-data": 33,
    "postgres": 104,
    "adm": 1000,
    "ansible": 1001,
    "endrit": 1002,
    "kastriot": 1003,
    "lorena": 1004,
    "zabbix": 110,
    "_apt": 42,
}


def log(s: Scene, host: Host, program: str, message: str, pid: int | None = None) -> None:
    """One syslog line."""
    tag = f"{program}[{s.rng.randrange(300, 65000) if pid is None else pid}]" if pid != 0 else program
    s.write(f"linux/{host.name}-syslog.log", f"{syslog(s.time)} {host.name} {tag}: {message}")


def _stamp(s: Scene) -> str:
    return f"{s.time // SECOND}.{s.time % SECOND // 1000:03d}:{s.rng.randrange(10**6, 10**7)}"


def execve(
    s: Scene,
    host: Host,
    program: str,
    arguments: list[str],
    user: str = "root",
    login: str | None = None,
    folder: str = "/root",
) -> None:
    """A program run, as auditd writes it: SYSCALL, EXECVE, CWD, PATH, PROCTITLE. `login` is whose session it is."""
    msg = f"audit({_stamp(s)})"
    uid = _IDS.get(user, 1000)
    auid = NOBODY if login is None else _IDS.get(login, 1000)
    name = program.rpartition("/")[2][:15]
    pid = s.rng.randrange(1000, 65000)
    session = NOBODY if login is None else s.rng.randrange(10, 400)
    shown = " ".join(f"a{n}={_quoted(a)}" for n, a in enumerate(arguments))
    title = "\0".join(arguments).encode()[:128].hex().upper()
    s.write(
        f"linux/{host.name}-audit.log",
        "\n".join(
            (
                (
                    f"node={host.name} type=SYSCALL msg={msg}: arch=c000003e syscall=59 success=yes exit=0 a0=55d0c1 a1=55d0c2 a2=55d0c3 a3=8 items=2 "
                    f"ppid={pid - 1} pid={pid} auid={auid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} "
                    f'fsgid={uid} tty={"(none)" if login is None else "pts0"} ses={session} comm="{name}" exe="{program}" '
                    f'subj=unconfined key="exec"'
                ),
                f"node={host.name} type=EXECVE msg={msg}: argc={len(arguments)} {shown}",
                f'node={host.name} type=CWD msg={msg}: cwd="{folder}"',
                f'node={host.name} type=PATH msg={msg}: item=0 name="{program}" inode={pid * 3} dev=fe:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL',
                f"node={host.name} type=PROCTITLE msg={msg}: proctitle={title}",
            )
        ),
    )


def _quoted(argument: str) -> str:
    if any(c in argument for c in ' "\n\t') or not argument.isascii():
        return argument.encode().hex().upper()
    return f'"{argument}"'


def path(
    s: Scene, host: Host, program: str, target: str, kind: str, user: str = "root", login: str | None = None
) -> None:
    """A watched file made or removed (audit watch)."""
    msg = f"audit({_stamp(s)})"
    uid, pid = _IDS.get(user, 1000), s.rng.randrange(1000, 65000)
    auid = NOBODY if login is None else _IDS.get(login, 1000)
    call = 257 if kind == "CREATE" else 263
    s.write(
        f"linux/{host.name}-audit.log",
        "\n".join(
            (
                (
                    f"node={host.name} type=SYSCALL msg={msg}: arch=c000003e syscall={call} success=yes exit=0 a0=ffffff9c a1=7f a2=441 a3=1b6 items=2 "
                    f"ppid={pid - 1} pid={pid} auid={auid} uid={uid} gid={uid} euid={uid} suid={uid} fsuid={uid} egid={uid} sgid={uid} "
                    f'fsgid={uid} tty=(none) ses=4 comm="{program.rpartition("/")[2][:15]}" exe="{program}" key="watch"'
                ),
                f'node={host.name} type=CWD msg={msg}: cwd="/"',
                f'node={host.name} type=PATH msg={msg}: item=1 name="{target}" inode={pid} dev=fe:01 mode=0100644 ouid={uid} ogid={uid} rdev=00:00 nametype={kind}',
            )
        ),
    )


def audit(s: Scene, host: Host, kind: str, text: str, user: str = "root", login: str | None = None) -> None:
    """A user-space audit record: USER_LOGIN, SERVICE_START …"""
    uid = _IDS.get(user, 1000)
    auid = NOBODY if login is None else _IDS.get(login, 1000)
    ses = NOBODY if login is None else 31
    head = f"node={host.name} type={kind} msg=audit({_stamp(s)}): pid={s.rng.randrange(500, 60000)} uid={uid} auid={auid} ses={ses} subj=unconfined"
    s.write(f"linux/{host.name}-audit.log", f"{head} msg='{text}'")


def sysmon(s: Scene, host: Host, code: int, data: dict[str, str]) -> None:
    """A Sysmon for Linux event in its syslog line."""
    inner = "".join(f'<Data Name="{name}">{escape(value)}</Data>' for name, value in data.items())
    number = s.time // 1000 % 100_000_000
    event = (
        '<Event><System><Provider Name="Linux-Sysmon" Guid="{ff032593-a8d3-4f13-b0d6-01fc615a0f97}"/>'
        f"<EventID>{code}</EventID><Version>5</Version><Level>4</Level><Task>{code}</Task><Opcode>0</Opcode>"
        f'<Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime="{iso(s.time, 6)[:-1]}000Z"/>'
        f'<EventRecordID>{number}</EventRecordID><Correlation/><Execution ProcessID="742" ThreadID="742"/>'
        f"<Channel>Linux-Sysmon/Operational</Channel><Computer>{host.name}</Computer>"
        f'<Security UserId="0"/></System><EventData>{inner}</EventData></Event>'
    )
    s.write(f"linux/{host.name}-sysmon.log", f"{syslog(s.time)} {host.name} sysmon: {event}")


def sysmon_start(
    s: Scene, host: Host, image: str, line: str, user: str, parent: str, over: str, folder: str = "/"
) -> None:
    """A process creation of Sysmon for Linux."""
    pid = s.rng.randrange(900, 65000)
    sysmon(
        s,
        host,
        1,
        {
            "RuleName": "-",
            "UtcTime": iso(s.time).replace("T", " ").rstrip("Z"),
            "ProcessGuid": f"{{91c4a7f2-{pid:04x}-6911-0000-{pid:012x}}}",
            "ProcessId": str(pid),
            "Image": image,
            "FileVersion": "-",
            "Description": "-",
            "Product": "-",
            "Company": "-",
            "OriginalFileName": "-",
            "CommandLine": line,
            "CurrentDirectory": folder,
            "User": user,
            "LogonGuid": "{91c4a7f2-0000-0000-0000-000000000000}",
            "LogonId": "0",
            "TerminalSessionId": "4294967295",
            "IntegrityLevel": "no level",
            "Hashes": "-",
            "ParentProcessGuid": f"{{91c4a7f2-{pid - 1:04x}-6911-0000-{pid - 1:012x}}}",
            "ParentProcessId": str(pid - 1),
            "ParentImage": parent,
            "ParentCommandLine": over,
            "ParentUser": user,
        },
    )


def sysmon_connect(s: Scene, host: Host, image: str, to: str, port: int, user: str) -> None:
    """A connection of Sysmon for Linux."""
    sysmon(
        s,
        host,
        3,
        {
            "RuleName": "-",
            "UtcTime": iso(s.time).replace("T", " ").rstrip("Z"),
            "ProcessId": str(s.rng.randrange(900, 65000)),
            "Image": image,
            "User": user,
            "Protocol": "tcp",
            "Initiated": "true",
            "SourceIsIpv6": "false",
            "SourceIp": host.address,
            "SourceHostname": "-",
            "SourcePort": str(s.rng.randrange(32768, 60999)),
            "DestinationIp": to,
            "DestinationHostname": "-",
            "DestinationPort": str(port),
        },
    )
