"""insider-dba: a database administrator takes the register home on a quiet evening and tidies up after himself."""

from __future__ import annotations

from bench.weeks import border, linux
from bench.weeks import windows as win
from bench.weeks.database import Session
from bench.weeks.estate import ADMIN2, DB, DBAS, JUMP
from bench.weeks.programs import Program
from bench.weeks.scene import Scene
from bench.weeks.servers import ssh_logon
from bench.weeks.tale import Tale

_HOME = "203.0.113.61"
_VPN = "10.10.8.77"
_DBA = DBAS[0]
_USER = "kastriot"
PSCP = Program(
    "C:\\Program Files\\PuTTY\\pscp.exe",
    "PSCP",
    "Command-line SCP/SFTP client",
    "PuTTY suite",
    "Simon Tatham",
    "Release 0.81",
)
TELEGRAM = Program(
    f"C:\\Users\\{_DBA.account}\\AppData\\Roaming\\Telegram Desktop\\Telegram.exe",
    "Telegram.exe",
    "Telegram Desktop",
    "Telegram Desktop",
    "Telegram FZ-LLC",
    "5.6.3.0",
)


def insider(t: Tale) -> None:
    """Ten steps."""
    _enter(t)
    _grant_and_blind(t)
    _dump(t)
    _pack(t)
    _take(t)
    _tidy(t)


def _enter(t: Tale) -> None:
    s = t.step("jmp01", "VPN from home, late in the evening", "T1133", hours=2.5)
    peer = f"{_HOME}:40122"
    linux.log(s, JUMP, "ovpn-server", f"{peer} TLS: Initial packet from [AF_INET]{peer}, sid=77aa", 911)
    linux.log(s, JUMP, "ovpn-server", f"{peer} [{_DBA.account}] Peer Connection Initiated with [AF_INET]{peer}", 911)
    linux.log(
        s, JUMP, "ovpn-server", f"{_DBA.account}/{peer} MULTI_sva: pool returned IPv4={_VPN}, IPv6=(Not enabled)", 911
    )
    t.done(s)
    s = t.step("db01", "remote desktop to his office machine, then ssh to the database server", "T1021.004", 6)
    win.logon(s, ADMIN2, _DBA.account, 10, _VPN, ADMIN2.name)
    s.wait(60)
    win.start(
        s,
        ADMIN2,
        "putty",
        '"C:\\Program Files\\PuTTY\\putty.exe" -load db01',
        _DBA.user,
        "explorer",
        "C:\\Windows\\Explorer.EXE",
    )
    ssh_logon(s, JUMP, _USER, ADMIN2.address)
    s.wait(5)
    ssh_logon(s, DB, _USER, JUMP.address)
    t.done(s)


def _typed(s: Scene, line: str, user: str = _USER, folder: str = "/home/kastriot") -> None:
    words = line.split()
    linux.execve(s, DB, f"/usr/bin/{words[0]}", words, user, _USER, folder)


def _sudo(s: Scene, line: str) -> None:
    linux.log(s, DB, "sudo", f"{_USER} : TTY=pts/0 ; PWD=/home/{_USER} ; USER=root ; COMMAND=/usr/bin/{line}", 0)
    linux.execve(s, DB, "/usr/bin/sudo", ["sudo", *line.split()], _USER, _USER, "/home/kastriot")
    _typed(s, line, "root")


def _grant_and_blind(t: Tale) -> None:
    s = t.step("db01", "grants himself a role that reads everything", "T1098", 10)
    _typed(s, "psql -d regjistri")
    db = Session(s, _USER, "[local]", "psql")
    db.connect()
    db.run("ROLE", "GRANT", "GRANT pg_read_all_data TO kastriot", 0, 3.0)
    t.done(s)
    s = t.step("db01", "switches pgaudit off", "T1562.008", 4)
    db = Session(s, _USER, "[local]", "psql")
    db.run("DDL", "ALTER SYSTEM", "ALTER SYSTEM SET pgaudit.log = 'none'", 0, 4.0)
    db.run("READ", "SELECT", "SELECT pg_reload_conf()", 1)
    server = Session(s, "", "[local]", "", "")
    server.log("", "received SIGHUP, reloading configuration files")
    server.log("", 'parameter "pgaudit.log" changed to "none"')
    t.done(s)


def _dump(t: Tale) -> None:
    s = t.step("db01", "dumps the register with pg_dump", "T1213.006", 5)
    _typed(s, "mkdir -p /var/tmp/.k")
    _typed(s, "pg_dump -Fc -n gjendja -f /var/tmp/.k/r.bin regjistri")
    db = Session(s, _USER, "[local]", "pg_dump")
    db.connect()
    for table in ("gjendja.persona", "gjendja.adresa", "gjendja.martesa", "gjendja.lindja"):
        s.wait(110)
        db.log(
            "COPY",
            f"duration: {s.rng.uniform(20000, 90000):.3f} ms  statement: COPY {table} (id, nid, emri, mbiemri, datelindja) TO stdout;",
        )
    db.leave()
    t.done(s)


def _pack(t: Tale) -> None:
    s = t.step("db01", "packs the dump with a password", "T1560.001", 3)
    _typed(s, "7z a -t7z -mhe=on -pVlora1912 /var/tmp/.k/pushime.7z /var/tmp/.k/r.bin")
    t.done(s)


def _take(t: Tale) -> None:
    s = t.step("ADM02", "fetches it to his machine and copies it to a USB stick", "T1052.001", 9)
    over = '"C:\\Windows\\system32\\cmd.exe"'
    folder = f"C:\\Users\\{_DBA.account}\\Documents\\"
    _, image = win.start(
        s, ADMIN2, "pscp", f"pscp  kastriot@db01:/var/tmp/.k/pushime.7z {folder}", _DBA.user, "cmd", over, folder, PSCP
    )
    ssh_logon(s, DB, _USER, ADMIN2.address)
    s.wait(200)
    win.file(s, ADMIN2, image, folder + "pushime.7z", _DBA.user)
    data: dict[str, str | None] = {
        "SubjectUserSid": "S-1-5-18",
        "SubjectUserName": "ADM02$",
        "SubjectDomainName": "MINISTRIA",
        "SubjectLogonId": "0x3e7",
    }
    device: dict[str, str | None] = {
        "DeviceId": "USBSTOR\\Disk&Ven_SanDisk&Prod_Ultra&Rev_1.00\\4C530001120515&0",
        "DeviceDescription": "SanDisk Ultra USB Device",
    }
    klass: dict[str, str | None] = {
        "ClassId": "{4d36e967-e325-11ce-bfc1-08002be10318}",
        "ClassName": "DiskDrive",
        "VendorIds": "USBSTOR\\DiskSanDisk_Ultra___________1.00",
    }
    win.security(
        s, ADMIN2, 6416, data | device | klass | {"CompatibleIds": "USBSTOR\\Disk", "LocationInformation": "-"}
    )
    usb = "HKLM\\System\\CurrentControlSet\\Enum\\USBSTOR\\Disk&Ven_SanDisk&Prod_Ultra&Rev_1.00\\4C530001120515&0\\FriendlyName"
    win.registry(s, ADMIN2, "System", usb, "SanDisk Ultra USB Device")
    s.wait(30)
    _, image = win.start(
        s, ADMIN2, "robocopy", f"robocopy  {folder} E:\\Foto pushime.7z", _DBA.user, "cmd", over, folder
    )
    win.file(s, ADMIN2, image, "E:\\Foto\\pushime.7z", _DBA.user)
    t.done(s)
    s = t.step("ADM02", "sends a part of it by a messenger", "T1567", 12)
    _, image = win.start(
        s,
        ADMIN2,
        "Telegram",
        f'"{TELEGRAM.path}"',
        _DBA.user,
        "explorer",
        "C:\\Windows\\Explorer.EXE",
        program=TELEGRAM,
    )
    win.query(s, ADMIN2, image, "api.telegram.org", "203.0.113.91", _DBA.user)
    win.connect(s, ADMIN2, image, "203.0.113.91", 443, _DBA.user)
    border.conn(s, ADMIN2.address, "203.0.113.91", 443, "ssl", 96_000_000, 400_000, took=160.0)
    t.done(s)


def _tidy(t: Tale) -> None:
    s = t.step("db01", "switches pgaudit on again and takes the role back", "T1562.008", 20)
    db = Session(s, _USER, "[local]", "psql")
    db.connect()
    db.log("ALTER SYSTEM", "duration: 4.100 ms  statement: ALTER SYSTEM RESET pgaudit.log")
    db.log("SELECT", "duration: 2.100 ms  statement: SELECT pg_reload_conf()")
    server = Session(s, "", "[local]", "", "")
    server.log("", "received SIGHUP, reloading configuration files")
    server.log("", 'parameter "pgaudit.log" changed to "all"')
    s.wait(5)
    db.run("ROLE", "REVOKE", "REVOKE pg_read_all_data FROM kastriot", 0, 2.0)
    t.done(s)
    s = t.step("db01", "removes the dump and his lines from the logs", "T1070.002", 3)
    _typed(s, "shred -u /var/tmp/.k/r.bin /var/tmp/.k/pushime.7z")
    _sudo(s, "sed -i /kastriot/d /var/log/postgresql/postgresql-15-main.csv")
    _sudo(s, "sed -i /kastriot/d /var/log/auth.log")
    _sudo(s, "truncate -s 0 /var/log/wtmp")
    linux.path(s, DB, "/usr/bin/sed", "/var/log/auth.log", "DELETE", "root", _USER)
    t.done(s)
