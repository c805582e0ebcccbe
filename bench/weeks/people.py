"""What clerks do on Windows: logons, logon scripts, office work, files on the share, typed-wrong passwords."""

from __future__ import annotations

from bench.weeks import windows as win
from bench.weeks.clock import HOUR, MORNING, OFFICE, Cron, Rate, plain
from bench.weeks.estate import APP, CLERKS, DC, DOMAIN, EXPIRED, FILES, LOGGED_PCS, TERMINAL, Person
from bench.weeks.scene import Habit, Scene

_FOLDERS = ["Buxheti", "Burimet", "Prokurimet", "Juridiku", "Protokolli", "Statistika", "Komunikimi", "Arkiva"]
_FILES = ["Raporti", "Tabela", "Vendimi", "Shkresa", "Kontrata", "Lista", "Plani", "Procesverbal"]
_KINDS = ("docx", "xlsx", "pdf", "pdf", "docx", "xlsx", "tmp", "lnk", "zip", "jpg", "pptx", "txt")
_SITES = (
    "www.google.com",
    "e-albania.example",
    "mail.ministria.example",
    "outlook.office365.com",
    "fonts.gstatic.com",
    "update.googleapis.com",
    "settings-win.data.microsoft.com",
    "teams.microsoft.com",
    "lajme.example",
    "cdn.jsdelivr.net",
    "translate.google.com",
    "www.youtube.com",
    "dropbox.com",
    "wetransfer.com",
    "web.whatsapp.com",
    "drive.google.com",
    "raw.githubusercontent.com",
)


def _logged(s: Scene) -> Person:
    return CLERKS[s.rng.randrange(len(LOGGED_PCS))]


def name_of_file(s: Scene) -> str:
    """A file on the share."""
    r = s.rng
    return (
        f"{r.choice(_FOLDERS)}\\{r.randrange(2019, 2027)}\\{r.choice(_FILES)}_{r.randrange(1, 900)}.{r.choice(_KINDS)}"
    )


def morning(s: Scene) -> None:
    """One of sixty logs on: at the controller and the file server; on a logged machine also the session's start."""
    person = s.rng.choice(CLERKS)
    where = person.host.address
    win.ticket(s, person.account, where)
    for service in ("host/" + person.host.name.lower(), "DC01$", "LDAP/DC01", "FS01$", "cifs/FS01"):
        s.wait(0.4)
        win.ticket(s, person.account, where, service)
    logon = win.logon(s, DC, person.account, 3, where)
    for name, relative in (
        ("SYSVOL", None),
        ("SYSVOL", "ministria.example\\Policies\\{31B2F340-016D-11D2-945F-00C04FB984F9}\\gpt.ini"),
        ("NETLOGON", "hyrja.cmd"),
        ("IPC$", None),
    ):
        s.wait(0.2)
        win.share(s, DC, person, where, name, relative)
    win.logon(s, FILES, person.account, 3, where)
    win.share(s, FILES, person, where, "Zyra")
    s.wait(8)
    win.logoff(s, DC, person.account, 3, logon)
    if person.host in LOGGED_PCS:
        _session(s, person)


_SESSION = (
    ("userinit", "C:\\Windows\\system32\\userinit.exe", "winlogon", "winlogon.exe"),
    ("explorer", "C:\\Windows\\Explorer.EXE", "userinit", "C:\\Windows\\system32\\userinit.exe"),
    ("sihost", "sihost.exe", "svchost", "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s UserManager"),
    (
        "taskhostw",
        "taskhostw.exe {222A245B-E637-4AE9-A93F-A59CA119A75E}",
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
    ),
    (
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
        "userinit",
        "C:\\Windows\\system32\\userinit.exe",
    ),
    (
        "conhost",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "net",
        "net  use Z: \\\\fs01\\Zyra /persistent:no",
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "net",
        "net  use P: \\\\fs01\\Protokolli /persistent:no",
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "net",
        "net  time \\\\dc01 /set /yes",
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "wscript",
        '"C:\\Windows\\System32\\WScript.exe" //B "\\\\ministria.example\\NETLOGON\\printerat.vbs"',
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "reg",
        'reg  add "HKCU\\Software\\Policies\\Microsoft\\Office\\16.0\\Common" /v sendtelemetry /t REG_DWORD /d 3 /f',
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "gpupdate",
        "gpupdate /target:user",
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /c "\\\\ministria.example\\NETLOGON\\hyrja.cmd"',
    ),
    (
        "OneDrive",
        '"C:\\Users\\{user}\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe" /background',
        "explorer",
        "C:\\Windows\\Explorer.EXE",
    ),
    (
        "Teams",
        '"C:\\Program Files\\WindowsApps\\MSTeams_25275.2601.4002.2815_x64__8wekyb3d8bbwe\\ms-teams.exe" msteams:system-initiated',
        "explorer",
        "C:\\Windows\\Explorer.EXE",
    ),
    (
        "rundll32",
        "rundll32.exe C:\\Windows\\system32\\Windows.StateRepositoryPS.dll,WinRTGetActivationFactory",
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k DcomLaunch -p",
    ),
)


def _session(s: Scene, person: Person) -> None:
    host, user = person.host, person.user
    win.logon(s, host, person.account, 2, "127.0.0.1", host.name)
    for name, line, parent, over in _SESSION:
        s.wait(2)
        win.start(s, host, name, line.replace("{user}", person.account), user, parent, over)
    win.registry(
        s,
        host,
        "C:\\Windows\\Explorer.EXE",
        f"HKU\\{person.sid}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Explorer\\UserAssist\\{{CEBFF5CD-ACE2-4F4F-9178-9926F41749EA}}\\Count\\HRZR_PGYFRFFVBA",
        "Binary Data",
        user,
    )
    one = f"HKU\\{person.sid}\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run\\OneDrive"
    win.registry(
        s,
        host,
        f"C:\\Users\\{person.account}\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe",
        one,
        f'"C:\\Users\\{person.account}\\AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe" /background',
        user,
    )


_WORK = (
    ("WINWORD", '"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE" /n "Z:\\{file}" /o ""', "explorer"),
    ("EXCEL", '"C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE" "Z:\\{file}"', "explorer"),
    ("OUTLOOK", '"C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE"', "explorer"),
    (
        "WINWORD",
        '"C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE" /n "C:\\Users\\{user}\\AppData\\Local\\Microsoft\\Windows\\INetCache\\Content.Outlook\\7H2K1QXA\\Shkresa {n}.docx" /o ""',
        "OUTLOOK",
    ),
    ("AcroRd32", '"C:\\Program Files\\Adobe\\Acrobat DC\\Acrobat\\Acrobat.exe" "Z:\\{file}"', "explorer"),
    ("splwow64", "C:\\Windows\\splwow64.exe 12288", "WINWORD"),
    (
        "chrome",
        '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --type=renderer --lang=sq --device-scale-factor=1 --num-raster-threads=4 --renderer-client-id={n} --launch-time-ticks={n}771 --field-trial-handle=1820,i,{n} /prefetch:1',
        "chrome",
    ),
    (
        "chrome",
        '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --type=utility --utility-sub-type=network.mojom.NetworkService --lang=sq --service-sandbox-type=none --field-trial-handle=1820,i,{n} /prefetch:8',
        "chrome",
    ),
    (
        "chrome",
        '"C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe" --single-argument https://portali.ministria.example/dokumente/{n}',
        "explorer",
    ),
    (
        "msedge",
        '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --type=renderer --lang=sq --renderer-client-id={n} /prefetch:1',
        "msedge",
    ),
    (
        "msedge",
        '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --no-startup-window --win-session-start',
        "explorer",
    ),
    (
        "msedge",
        '"C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe" --headless --disable-gpu --print-to-pdf="C:\\Users\\{user}\\Documents\\fature{n}.pdf" file:///C:/Zyra/fature{n}.html',
        "zyra",
    ),
    ("RuntimeBroker", "C:\\Windows\\System32\\RuntimeBroker.exe -Embedding", "svchost"),
    ("dllhost", "C:\\Windows\\system32\\DllHost.exe /Processid:{AB8902B4-09CA-4BB6-B78D-A8F59079A8D5}", "svchost"),
    ("dllhost", "C:\\Windows\\system32\\DllHost.exe /Processid:{3AD05575-8857-4850-9277-11B85BDB8E09}", "svchost"),
    (
        "rundll32",
        '"C:\\Windows\\System32\\rundll32.exe" "C:\\Program Files\\Windows Photo Viewer\\PhotoViewer.dll", ImageView_Fullscreen Z:\\{file}',
        "explorer",
    ),
    (
        "rundll32",
        '"C:\\Windows\\System32\\rundll32.exe" C:\\Windows\\System32\\shell32.dll,OpenAs_RunDLL Z:\\{file}',
        "explorer",
    ),
    ("rundll32", "rundll32.exe printui.dll,PrintUIEntry /in /n \\\\fs01\\HP-Kati2", "explorer"),
    ("notepad", '"C:\\Windows\\system32\\NOTEPAD.EXE" Z:\\{file}', "explorer"),
    ("7z", '"C:\\Program Files\\7-Zip\\7zG.exe" x -o"Z:\\{file}\\" -an -ai#7zMap{n}', "explorer"),
    ("7z", '"C:\\Program Files\\7-Zip\\7zG.exe" a -i#7zMap{n}:90:7zEvent{n} -t7z -sae -- "Z:\\{file}.7z"', "explorer"),
    ("zyra", '"C:\\Program Files\\IIAL\\Zyra\\zyra.exe" -login {user}', "explorer"),
    ("smartscreen", "C:\\Windows\\System32\\smartscreen.exe -Embedding", "svchost"),
    ("mstsc", '"C:\\Windows\\system32\\mstsc.exe" "C:\\Users\\{user}\\Desktop\\Terminali.rdp"', "explorer"),
    (
        "cmd",
        'C:\\Windows\\system32\\cmd.exe /d /c "C:\\Program Files\\Adobe\\Acrobat DC\\Acrobat\\Browser\\WCChromeExtn\\WCChromeNativeMessagingHost.exe" chrome-extension://efaidnbmnnnibpcajpcglclefindmkaj/ --parent-window=0 < \\\\.\\pipe\\chrome.nativeMessaging.in.{n} > \\\\.\\pipe\\chrome.nativeMessaging.out.{n}',
        "chrome",
    ),
)


def office(s: Scene) -> None:
    """A few minutes at a logged machine or on the terminal server."""
    person = _logged(s)
    host = TERMINAL if s.rng.random() < 0.3 else person.host
    name, line, parent = s.rng.choice(_WORK)
    n = str(s.rng.randrange(100, 99999))
    line = line.replace("{user}", person.account).replace("{file}", name_of_file(s)).replace("{n}", n)
    _, image = win.start(s, host, name, line, person.user, parent, folder="Z:\\")
    for _ in range(s.rng.randrange(4)):
        s.wait(20)
        what = s.rng.random()
        if what < 0.35:
            site = s.rng.choice(_SITES)
            to = f"203.0.113.{10 + len(site)}"
            win.query(s, host, image, site, to, person.user)
            win.connect(s, host, image, to, 443, person.user, site)
        elif what < 0.8:
            folder = s.rng.choice(
                ("Documents", "Downloads", "Desktop", "AppData\\Local\\Temp", "AppData\\Roaming\\Microsoft\\Word")
            )
            file = name_of_file(s).rpartition("\\")[2]
            win.file(s, host, image, f"C:\\Users\\{person.account}\\{folder}\\{file}", person.user)
        else:
            win.delete(s, host, image, f"C:\\Users\\{person.account}\\AppData\\Local\\Temp\\~DF{n}.TMP", person.user)
    if s.rng.random() < 0.4:
        s.wait(100)
        win.end(s, host, name, person.user)


def download(s: Scene) -> None:
    """Something fetched with the browser: Zone.Identifier and all."""
    person = _logged(s)
    chrome = "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe"
    name = f"C:\\Users\\{person.account}\\Downloads\\{s.rng.choice(('Formulari', 'Fatura', 'Zoom_installer', 'Skaneri', 'TeamViewerQS', 'foto'))}_{s.rng.randrange(99)}.{s.rng.choice(('pdf', 'pdf', 'docx', 'zip', 'exe', 'xlsm', 'iso', 'rar'))}"
    win.file(s, person.host, chrome, name, person.user)
    when = {"TargetFilename": f"{name}:Zone.Identifier", "CreationUtcTime": plain(s.time)}
    about: dict[str, str | None] = {"ProcessGuid": win.guid(s), "ProcessId": "4312", "Image": chrome, **when}
    content = (
        "[ZoneTransfer]  ZoneId=3  ReferrerUrl=https://mail.ministria.example/  HostUrl=https://shkarkime.example/"
    )
    win.sysmon(s, person.host, 15, about | {"Hash": "SHA1=0", "Contents": content, "User": person.user})


def shares(s: Scene) -> None:
    """A clerk works on the file share for a while."""
    person = s.rng.choice(CLERKS)
    where = person.host.address
    for _ in range(s.rng.randrange(3, 12)):
        s.wait(15)
        file = name_of_file(s)
        win.share(s, FILES, person, where, "Zyra", file, s.rng.choice(("0x120089", "0x100081", "0x12019f", "0x80")))
        if s.rng.random() < 0.15:
            _object(s, person, file)


def _object(s: Scene, person: Person, file: str) -> None:
    who: dict[str, str | None] = {
        "SubjectUserSid": person.sid,
        "SubjectUserName": person.account,
        "SubjectDomainName": DOMAIN,
    }
    what: dict[str, str | None] = {"SubjectLogonId": "0x5a1f2", "ObjectServer": "Security", "ObjectType": "File"}
    mask = s.rng.choice((("%%4416", "0x1"), ("%%4417", "0x2"), ("%%1537", "0x10000")))
    more: dict[str, str | None] = {"ObjectName": f"D:\\Zyra\\{file}", "HandleId": "0x1f2c", "AccessList": mask[0]}
    rest: dict[str, str | None] = {
        "AccessMask": mask[1],
        "ProcessId": "0x4",
        "ProcessName": "",
        "ResourceAttributes": "-",
    }
    win.security(s, FILES, 4663, who | what | more | rest)


def network_logon(s: Scene) -> None:
    """The many short network logons of a domain: machines and people, Kerberos mostly, NTLM where software is old."""
    person = s.rng.choice(CLERKS)
    old = s.rng.random() < 0.12
    host = s.rng.choice((DC, DC, DC, FILES, FILES, TERMINAL))
    account = person.account if s.rng.random() < 0.55 else f"{person.host.name}$"
    if old:
        data: dict[str, str | None] = {
            "PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0",
            "TargetUserName": account,
        }
        win.security(s, DC, 4776, data | {"Workstation": person.host.name, "Status": "0x0"})
    else:
        service = s.rng.choice((f"{host.name}$", f"cifs/{host.name}", "krbtgt", f"ldap/{host.name}"))
        win.ticket(s, account, person.host.address, service, kind="0x17" if s.rng.random() < 0.01 else "0x12")
    logon = win.logon(
        s, host, account, 3, person.host.address, person.host.name if old else "-", "NTLM" if old else "Kerberos"
    )
    s.wait(12)
    win.logoff(s, host, account, 3, logon)


def typo(s: Scene) -> None:
    """One to four wrong passwords, then the right one or the helpdesk."""
    person = s.rng.choice(CLERKS)
    for _ in range(s.rng.choice((1, 1, 1, 2, 2, 3, 4))):
        data: dict[str, str | None] = {
            "TargetUserName": person.account,
            "TargetSid": person.sid,
            "ServiceName": "krbtgt/MINISTRIA",
        }
        more: dict[str, str | None] = {"TicketOptions": "0x40810010", "Status": "0x18", "PreAuthType": "2"}
        win.security(s, DC, 4771, data | more | {"IpAddress": f"::ffff:{person.host.address}", "IpPort": "50112"})
        if person.host in LOGGED_PCS:
            win.failed(s, person.host, person.account, s.rng.choice((2, 7)), "127.0.0.1", person.host.name)
        elif s.rng.random() < 0.4:
            win.failed(s, s.rng.choice((FILES, TERMINAL)), person.account, 3, person.host.address, person.host.name)
        s.wait(7)


def forgotten_service(s: Scene) -> None:
    """The service whose password expired."""
    win.failed(s, FILES, EXPIRED, 3, APP.address, "APP01", "0xc0000071")
    who: dict[str, str | None] = {"PackageName": "MICROSOFT_AUTHENTICATION_PACKAGE_V1_0", "TargetUserName": EXPIRED}
    win.security(s, DC, 4776, who | {"Workstation": "APP01", "Status": "0xc0000071"})


def terminal_session(s: Scene) -> None:
    """A clerk on the terminal server."""
    person = s.rng.choice(CLERKS)
    win.connect(
        s,
        TERMINAL,
        "C:\\Windows\\System32\\svchost.exe",
        TERMINAL.address,
        3389,
        "NT AUTHORITY\\NETWORK SERVICE",
        source=person.host.address,
    )
    win.logon(s, TERMINAL, person.account, 3, person.host.address, person.host.name)
    logon = win.logon(s, TERMINAL, person.account, 10, person.host.address, TERMINAL.name)
    win.start(s, TERMINAL, "userinit", "C:\\Windows\\system32\\userinit.exe", person.user, "winlogon", "winlogon.exe")
    win.start(s, TERMINAL, "explorer", "C:\\Windows\\Explorer.EXE", person.user, "userinit")
    s.time += s.rng.randrange(HOUR // 2, 2 * HOUR)
    win.logoff(s, TERMINAL, person.account, 10, logon)


HABITS = (
    Habit("people.morning", Rate(2600, MORNING), morning),
    Habit("people.office", Rate(20000, OFFICE), office),
    Habit("people.download", Rate(160, OFFICE), download),
    Habit("people.shares", Rate(18000, OFFICE), shares),
    Habit("people.logons", Rate(52000, tuple(w + 12 for w in OFFICE)), network_logon),
    Habit("people.typo", Rate(240, MORNING), typo),
    Habit("people.forgotten", Cron(range(60)), forgotten_service),
    Habit("people.terminal", Rate(330, MORNING), terminal_session),
)
