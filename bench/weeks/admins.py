"""What administrators, the helpdesk, a developer, the configuration manager and the own CERT's scanner do on Windows."""

from __future__ import annotations

import base64

from bench.weeks import windows as win
from bench.weeks.clock import HOUR, OFFICE, Cron, Rate
from bench.weeks.estate import (
    ADMINS,
    CLERKS,
    CODER,
    DC,
    DOMAIN,
    FILES,
    HELPDESK,
    JUMP,
    LOGGED_PCS,
    SCANNER,
    SERVERS,
    SID,
    TERMINAL,
    Host,
    Person,
)
from bench.weeks.people import name_of_file
from bench.weeks.programs import PROGRAMS
from bench.weeks.scene import Habit, Scene
from bench.weeks.typed import CMD as _CMD
from bench.weeks.typed import CONSOLE, DEVELOPING, SCRIPTS
from bench.weeks.typed import PS as _PS


def console(s: Scene) -> None:
    """An administrator types a few commands."""
    person = s.rng.choice(ADMINS)
    host = person.host if s.rng.random() < 0.75 else s.rng.choice(SERVERS)
    if host is not person.host:
        remote_desktop(s, person, host, person.host.address)
    for _ in range(s.rng.randrange(1, 7)):
        s.wait(30)
        name, line, parent = s.rng.choice(CONSOLE)
        n = str(s.rng.randrange(10, 999))
        line = line.replace("{clerk}", s.rng.choice(CLERKS).account).replace("{me}", person.account).replace("{n}", n)
        over = {"cmd": _CMD, "powershell": _PS, "explorer": "C:\\Windows\\Explorer.EXE", "net": line}[parent]
        _, image = win.start(s, host, name, line, person.user, parent, over, f"C:\\Users\\{person.account}\\")
        if name == "PsExec":
            _psexec(s, person, image, TERMINAL)
        if name == "ssh" or name == "putty":
            win.connect(s, host, image, "10.10.2.10", 22, person.user, "db01.ministria.example")


def _psexec(s: Scene, person: Person, image: str, to: Host) -> None:
    s.wait(1)
    win.connect(s, person.host, image, to.address, 445, person.user, to.fqdn)
    win.logon(s, to, person.account, 3, person.host.address, person.host.name, elevated=True)
    win.share(s, to, person, person.host.address, "ADMIN$", "PSEXESVC.exe", "0x12019f")
    win.file(s, to, "System", "C:\\Windows\\PSEXESVC.exe")
    win.service(s, to, "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe")
    win.start(
        s, to, "PSEXESVC", "C:\\Windows\\PSEXESVC.exe", win.SYSTEM, "services", "C:\\Windows\\system32\\services.exe"
    )
    win.start(s, to, "cmd", '"cmd"', win.SYSTEM, "PSEXESVC", "C:\\Windows\\PSEXESVC.exe")


def remote_desktop(s: Scene, person: Person, host: Host, address: str) -> None:
    """A remote desktop session begins."""
    win.logon(s, host, person.account, 3, address, person.host.name)
    win.logon(s, host, person.account, 10, address, host.name, elevated="adm." in person.account)
    win.connect(
        s,
        host,
        "C:\\Windows\\System32\\svchost.exe",
        host.address,
        3389,
        "NT AUTHORITY\\NETWORK SERVICE",
        source=address,
    )
    win.start(s, host, "userinit", "C:\\Windows\\system32\\userinit.exe", person.user, "winlogon", "winlogon.exe")
    win.start(
        s, host, "explorer", "C:\\Windows\\Explorer.EXE", person.user, "userinit", "C:\\Windows\\system32\\userinit.exe"
    )


def scripts(s: Scene) -> None:
    """PowerShell as administrators use it."""
    person = s.rng.choice(ADMINS)
    for _ in range(s.rng.randrange(1, 6)):
        s.wait(40)
        name, text = s.rng.choice(SCRIPTS)
        win.script(s, person.host, text)
        win.command(s, person.host, name, f'CommandInvocation({name}): "{name}"\n', person.user)
        if "ComputerName" in text:
            win.connect(s, person.host, PROGRAMS["powershell"].path, FILES.address, 5985, person.user, FILES.fqdn)
            win.start(
                s, FILES, "wsmprovhost", "C:\\Windows\\system32\\wsmprovhost.exe -Embedding", person.user, "svchost"
            )


def nightly_script(s: Scene) -> None:
    """Scheduled scripts of the administrators, on servers."""
    host = s.rng.choice(SERVERS)
    file = "D:\\Skripte\\Pastrimi-Profileve.ps1"
    win.start(
        s,
        host,
        "powershell",
        f"powershell.exe -NoProfile -WindowStyle Hidden -ExecutionPolicy Bypass -File {file}",
        win.SYSTEM,
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
    )
    win.script(
        s,
        host,
        "$profile = Get-CimInstance Win32_UserProfile | Where-Object { $_.LastUseTime -lt (Get-Date).AddDays(-120) }; $profile | Remove-CimInstance; Get-ChildItem C:\\Temp -Recurse | Remove-Item -Force -Recurse -ErrorAction SilentlyContinue",
        file,
    )
    win.file(
        s, host, PROGRAMS["powershell"].path, f"C:\\Windows\\Temp\\__PSScriptPolicyTest_{s.rng.getrandbits(40):x}.ps1"
    )


def ansible(s: Scene) -> None:
    """The configuration manager comes by WinRM: encoded commands, because that is how it works."""
    for host in SERVERS:
        win.logon(s, host, "svc_ansible", 3, JUMP.address, JUMP.name, elevated=True)
        for _ in range(s.rng.randrange(3, 7)):
            s.wait(2)
            text = (
                "begin { $ErrorActionPreference = 'Stop' } process { $exec_wrapper = [Console]::In.ReadToEnd() } #"
                + str(s.rng.random())
            )
            code = base64.b64encode(text.encode("utf-16-le")).decode()
            line = f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {code}"
            user = "MINISTRIA\\svc_ansible"
            win.start(
                s,
                host,
                "cmd",
                f"C:\\Windows\\system32\\cmd.exe /C {line}",
                user,
                "winrshost",
                "C:\\Windows\\system32\\WinrsHost.exe -Embedding",
            )
            win.start(s, host, "powershell", line, user, "cmd", f"C:\\Windows\\system32\\cmd.exe /C {line}")
            win.script(
                s,
                host,
                "$ErrorActionPreference = 'Stop'; $p = [System.Text.Encoding]::UTF8.GetString([System.Convert]::FromBase64String($payload)); $module = [ScriptBlock]::Create($p); &$module",
            )


def helpdesk(s: Scene) -> None:
    """A password set anew, or a look at somebody's machine."""
    clerk = s.rng.choice(CLERKS)
    if s.rng.random() < 0.5:
        who: dict[str, str | None] = {
            "TargetUserName": clerk.account,
            "TargetDomainName": DOMAIN,
            "TargetSid": clerk.sid,
        }
        by: dict[str, str | None] = {
            "SubjectUserSid": HELPDESK.sid,
            "SubjectUserName": HELPDESK.account,
            "SubjectDomainName": DOMAIN,
            "SubjectLogonId": "0x81a2c",
        }
        win.security(s, DC, 4724, who | by)
        win.security(s, DC, 4738, who | by)
        return
    host = s.rng.choice(LOGGED_PCS)
    win.start(
        s,
        HELPDESK.host,
        "mstsc",
        f'"C:\\Windows\\system32\\mstsc.exe" /v:{host.name.lower()} /shadow:1 /control',
        HELPDESK.user,
        "explorer",
    )
    remote_desktop(s, HELPDESK, host, HELPDESK.host.address)
    for line, name in (("ipconfig  /flushdns", "ipconfig"), ("gpupdate  /force", "gpupdate"), ("net  use", "net")):
        s.wait(40)
        win.start(s, host, name, line, HELPDESK.user, "cmd", _CMD)
    win.file(
        s,
        host,
        "C:\\Windows\\explorer.exe",
        f"C:\\Users\\{HELPDESK.account}\\Desktop\\{name_of_file(s).rpartition(chr(92))[2]}",
        HELPDESK.user,
    )


def new_account(s: Scene) -> None:
    """A new colleague."""
    admin = ADMINS[0]
    new = f"i.ri{s.rng.randrange(100)}"
    by: dict[str, str | None] = {
        "SubjectUserSid": admin.sid,
        "SubjectUserName": admin.account,
        "SubjectDomainName": DOMAIN,
        "SubjectLogonId": "0x4a7f1",
    }
    who: dict[str, str | None] = {"TargetUserName": new, "TargetDomainName": DOMAIN, "TargetSid": f"{SID}-1399"}
    for code in (4720, 4722, 4724, 4738):
        win.security(s, DC, code, who | by)
    group = {"TargetUserName": "Protokolli", "TargetDomainName": DOMAIN, "TargetSid": f"{SID}-1502"}
    member: win.Data = {"MemberName": f"CN={new},OU=Zyra,DC=ministria,DC=example", "MemberSid": f"{SID}-1399", **group}
    win.security(s, DC, 4728, member | by)


def coding(s: Scene) -> None:
    """The developer's machine."""
    user = CODER.user
    for _ in range(s.rng.randrange(1, 8)):
        s.wait(25)
        name, line, parent = s.rng.choice(DEVELOPING)
        line = line.replace("{n}", f"{s.rng.getrandbits(32):08x}")
        _, image = win.start(s, CODER.host, name, line, user, parent, folder="C:\\projekte\\portali\\")
        if name in ("git", "curl", "python", "node"):
            site = s.rng.choice(("github.com", "paketa.example", "python.paketa.example", "raw.githubusercontent.com"))
            win.query(s, CODER.host, image, site, "203.0.113.77", user)
            win.connect(s, CODER.host, image, "203.0.113.77", 443, user, site)
        if s.rng.random() < 0.4:
            kind = s.rng.choice(("js", "ps1", "py", "exe", "dll", "bat", "aspx", "cs"))
            win.file(s, CODER.host, image, f"C:\\projekte\\portali\\out\\m{s.rng.randrange(9999)}.{kind}", user)


def scan(s: Scene) -> None:
    """The own CERT's vulnerability scanner, once a week: authenticated and not."""
    began = s.time
    for host in SERVERS:
        for account in ("administrator", "guest", "admin", "test", "nessus", "root", "sa", "svc_scan"):
            s.wait(3)
            win.failed(s, host, account, 3, SCANNER.address, "SCAN01", "0xc0000064")
        win.logon(s, host, "svc_scan", 3, SCANNER.address, "SCAN01", "NTLM", elevated=True)
        for pipe in ("svcctl", "winreg", "samr", "lsarpc", "srvsvc", "wkssvc", "atsvc", "eventlog"):
            s.wait(1)
            win.share(s, host, "svc_scan", SCANNER.address, "IPC$", pipe, "0x3")
        win.start(
            s,
            host,
            "cmd",
            "cmd /c netstat -ano > \\\\127.0.0.1\\ADMIN$\\nessus_netstat.txt",
            "MINISTRIA\\svc_scan",
            "wmiprvse",
            "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding",
        )
        win.start(
            s,
            host,
            "powershell",
            "powershell.exe -NoProfile -ExecutionPolicy Bypass -EncodedCommand RwBlAHQALQBIAG8AdABGAGkAeAA=",
            "MINISTRIA\\svc_scan",
            "wmiprvse",
        )
        win.service(s, host, "tenable_mw_scan", '"C:\\Windows\\tenable_mw_scan_142a90001fb65e0beb1751cc8c63edd0.exe"')
    s.time = began + HOUR


HABITS = (
    Habit("admins.console", Rate(420, OFFICE), console),
    Habit("admins.scripts", Rate(260, OFFICE), scripts),
    Habit("admins.nightly", Cron((30,), (4,)), nightly_script),
    Habit("admins.ansible", Cron((15,), (5,), once=True), ansible),
    Habit("admins.helpdesk", Rate(90, OFFICE, rare=True), helpdesk),
    Habit("admins.accounts", Rate(2, OFFICE, rare=True), new_account),
    Habit("admins.coding", Rate(600, OFFICE), coding),
    Habit("admins.scan", Cron((0,), (3,), (6,), once=True), scan),
)
