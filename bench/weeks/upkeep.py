"""What Windows machines do by themselves: services, updates, patch day, antivirus, monitoring, backup, tasks."""

from __future__ import annotations

from bench.weeks import windows as win
from bench.weeks.clock import FLAT, NIGHT, OFFICE, Cron, Rate
from bench.weeks.estate import CLERK_PCS, DC, MONITOR, SERVERS, WINDOWS, Host
from bench.weeks.nights import DCOM, SCHEDULE, SERVICES
from bench.weeks.programs import PROGRAMS
from bench.weeks.scene import Habit, Scene
from bench.weeks.watched import image_loaded, registry

_OWN = (
    (
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s wuauserv",
        "services",
        "C:\\Windows\\system32\\services.exe",
    ),
    (
        "svchost",
        "C:\\Windows\\System32\\svchost.exe -k wsappx -p -s ClipSVC",
        "services",
        "C:\\Windows\\system32\\services.exe",
    ),
    (
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k LocalService -p -s LicenseManager",
        "services",
        "C:\\Windows\\system32\\services.exe",
    ),
    ("svchost", "C:\\Windows\\System32\\svchost.exe -k swprv", "services", "C:\\Windows\\system32\\services.exe"),
    ("wmiprvse", "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding", "svchost", DCOM),
    ("wmiprvse", "C:\\Windows\\sysWOW64\\wbem\\wmiprvse.exe -secured -Embedding", "svchost", DCOM),
    ("taskhostw", "taskhostw.exe SYSTEM", "svchost", SCHEDULE),
    ("taskhostw", "taskhostw.exe NGCKeyPregen", "svchost", SCHEDULE),
    ("taskhostw", "taskhostw.exe -RegisterDevice -SettingChange -Full", "svchost", SCHEDULE),
    (
        "rundll32",
        "C:\\Windows\\system32\\rundll32.exe Windows.Storage.ApplicationData.dll,CleanupTemporaryState",
        "svchost",
        SCHEDULE,
    ),
    ("rundll32", "C:\\Windows\\system32\\rundll32.exe /d acproxy.dll,PerformAutochkOperations", "svchost", SCHEDULE),
    (
        "rundll32",
        "C:\\Windows\\system32\\rundll32.exe C:\\Windows\\system32\\PcaSvc.dll,PcaPatchSdbTask",
        "svchost",
        SCHEDULE,
    ),
    (
        "rundll32",
        "C:\\Windows\\system32\\rundll32.exe aeinv.dll,UpdateSoftwareInventory",
        "CompatTelRunner",
        "C:\\Windows\\system32\\compattelrunner.exe -maintenance",
    ),
    ("CompatTelRunner", "C:\\Windows\\system32\\compattelrunner.exe", "svchost", SCHEDULE),
    ("UsoClient", "C:\\Windows\\system32\\usoclient.exe StartScan", "svchost", SCHEDULE),
    (
        "MusNotification",
        "C:\\Windows\\system32\\MusNotification.exe",
        "svchost",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s UsoSvc",
    ),
    ("sc", "C:\\Windows\\system32\\sc.exe start w32time task_started", "svchost", SCHEDULE),
    ("sc", "C:\\Windows\\system32\\sc.exe start wuauserv", "svchost", SCHEDULE),
    (
        "dllhost",
        "C:\\Windows\\system32\\DllHost.exe /Processid:{E10F6C3A-F1AE-4ADC-AA9D-2FE65525666E}",
        "svchost",
        DCOM,
    ),
    (
        "SearchProtocolHost",
        '"C:\\Windows\\system32\\SearchProtocolHost.exe" Global\\UsGthrFltPipeMssGthrPipe31_ Global\\UsGthrCtrlFltPipeMssGthrPipe31 1 -2147483646 "Software\\Microsoft\\Windows Search"',
        "SearchIndexer",
        "C:\\Windows\\system32\\SearchIndexer.exe /Embedding",
    ),
    ("defrag", "C:\\Windows\\system32\\defrag.exe -c -h -k -g -$", "svchost", SCHEDULE),
    ("cleanmgr", "C:\\Windows\\system32\\cleanmgr.exe /autoclean /d C:", "svchost", SCHEDULE),
    ("gpupdate", '"C:\\Windows\\system32\\gpupdate.exe" /target:computer', "svchost", SCHEDULE),
    (
        "conhost",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
        "cmd",
        "C:\\Windows\\system32\\cmd.exe",
    ),
    (
        "MicrosoftEdgeUpdate",
        '"C:\\Program Files (x86)\\Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe" /ua /installsource scheduler',
        "svchost",
        SCHEDULE,
    ),
    (
        "GoogleUpdater",
        '"C:\\Program Files (x86)\\Google\\GoogleUpdater\\142.0.7416.0\\updater.exe" --wake --system',
        "svchost",
        SCHEDULE,
    ),
    (
        "OfficeC2RClient",
        '"C:\\Program Files\\Common Files\\Microsoft Shared\\ClickToRun\\OfficeC2RClient.exe" /frequentupdate SCHEDULEDTASK displaylevel=False',
        "svchost",
        SCHEDULE,
    ),
    (
        "powershell",
        '"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "C:\\Program Files\\Zabbix Agent\\scripts\\updates.ps1"',
        "zabbix",
        '"C:\\Program Files\\Zabbix Agent\\zabbix_agentd.exe" --config "C:\\Program Files\\Zabbix Agent\\zabbix_agentd.conf"',
    ),
)
_TRACE = "C:\\Windows\\SYSTEM32\\ntdll.dll+9d4c4|C:\\Windows\\System32\\KERNELBASE.dll+2c13e"


def own(s: Scene) -> None:
    """A machine's own housekeeping."""
    host = s.rng.choice(WINDOWS)
    name, line, parent, over = s.rng.choice(_OWN)
    _, image = win.start(s, host, name, line, win.SYSTEM, parent, over)
    if s.rng.random() < 0.5:
        s.wait(30)
        win.end(s, host, name)
    if s.rng.random() < 0.2:
        win.service_state(s, host, s.rng.choice(SERVICES), s.rng.choice(("running", "stopped")))
    if s.rng.random() < 0.15:
        n = f"{s.rng.getrandbits(32):08x}"
        win.file(
            s,
            host,
            image,
            f"C:\\Windows\\Temp\\{n}\\{s.rng.choice(('MpSigStub.log', 'dism.dll', 'inv.xml', 'update.tmp'))}",
        )


def lsass(s: Scene) -> None:
    """Honest programs that open lsass: they are many."""
    host = s.rng.choice(WINDOWS)
    defender = PROGRAMS["MsMpEng"].path
    image, mask, trace = s.rng.choice(
        (
            (defender, "0x1010", "|" + defender.rpartition("\\")[0] + "\\mpsvc.dll+3a1f2"),
            (defender, "0x1410", "|" + defender.rpartition("\\")[0] + "\\mpsvc.dll+3a1f2"),
            ("C:\\Windows\\System32\\svchost.exe", "0x1000", "|c:\\windows\\system32\\lsm.dll+e5d0"),
            ("C:\\Windows\\System32\\svchost.exe", "0x3000", "|C:\\Windows\\System32\\wdi.dll+4a2b"),
            ("C:\\Windows\\system32\\wbem\\wmiprvse.exe", "0x1410", "|C:\\Windows\\System32\\framedynos.dll+1ab3"),
            ("C:\\Windows\\system32\\wbem\\wmiprvse.exe", "0x1400", "|C:\\Windows\\System32\\cimwin32.dll+8c21"),
            (
                "C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe",
                "0x1410",
                "|C:\\Program Files\\VMware\\VMware Tools\\plugins\\vmsvc\\appInfo.dll+2f10",
            ),
            ("C:\\Windows\\System32\\Taskmgr.exe", "0x1410", "|C:\\Windows\\System32\\Taskmgr.exe+1c03"),
            ("C:\\Windows\\system32\\csrss.exe", "0x1fffff", "|C:\\Windows\\SYSTEM32\\CSRSRV.dll+1d20"),
            (
                "C:\\Program Files\\Zabbix Agent\\zabbix_agentd.exe",
                "0x1410",
                "|C:\\Program Files\\Zabbix Agent\\zabbix_agentd.exe+5b220",
            ),
        )
    )
    win.access(s, host, image, "C:\\Windows\\system32\\lsass.exe", mask, _TRACE + trace)


def lookups(s: Scene) -> None:
    """Machines' own names and connections."""
    host = s.rng.choice(WINDOWS)
    name, site, to, port = s.rng.choice(
        (
            ("lsass", "dc01.ministria.example", DC.address, 88),
            ("lsass", "dc01.ministria.example", DC.address, 389),
            ("svchost", "dc01.ministria.example", DC.address, 389),
            ("svchost", "dc01.ministria.example", DC.address, 135),
            ("System", "dc01.ministria.example", DC.address, 445),
            ("zabbix", "mon01.ministria.example", MONITOR.address, 10051),
            ("svchost", "fe2cr.update.microsoft.com", "203.0.113.40", 443),
            ("MsMpEng", "wdcp.microsoft.com", "203.0.113.41", 443),
            ("svchost", "ctldl.windowsupdate.com", "203.0.113.42", 80),
            ("lsass", "ocsp.digicert.com", "203.0.113.43", 80),
            ("OUTLOOK", "outlook.office365.com", "203.0.113.44", 443),
            ("OneDrive", "skyapi.live.net", "203.0.113.45", 443),
            ("Teams", "teams.microsoft.com", "203.0.113.46", 443),
            ("nxlog", "siem.ministria.example", "10.10.3.9", 6514),
            ("WINWORD", "nexus.officeapps.live.com", "203.0.113.47", 443),
            ("chrome", "update.googleapis.com", "203.0.113.48", 443),
        )
    )
    image = "System" if name == "System" else win.path(PROGRAMS[name], "MINISTRIA\\arta.balliu")
    if s.rng.random() < 0.6:
        win.query(s, host, image, site, to)
    win.connect(s, host, image, to, port, win.SYSTEM, site)


def monitoring(s: Scene) -> None:
    """The monitoring agent's own checks on each server: commands by the minute."""
    over = '"C:\\Program Files\\Zabbix Agent\\zabbix_agentd.exe" --config "C:\\Program Files\\Zabbix Agent\\zabbix_agentd.conf"'
    for host in SERVERS:
        line = s.rng.choice(
            (
                'cmd.exe /C "wmic cpu get loadpercentage /value"',
                'cmd.exe /C "netstat -an | find /c "ESTABLISHED""',
                'cmd.exe /C "tasklist /svc /fi "imagename eq svchost.exe""',
                'cmd.exe /C "quser | find /c "Active""',
                'cmd.exe /C "sc query type= service state= all"',
                'cmd.exe /C "vssadmin list shadows | find /c "Shadow Copy ID""',
                'cmd.exe /C "net statistics server"',
                'cmd.exe /C "systeminfo | find "Boot Time""',
            )
        )
        win.start(s, host, "cmd", line, win.SYSTEM, "zabbix", over)
        inner = line.partition('"')[2].split(" ", 1)[0]
        if inner in PROGRAMS:
            s.wait(0.2)
            win.start(s, host, inner, line.partition('"')[2].split(" |")[0].rstrip('"'), win.SYSTEM, "cmd", line)
        s.wait(1)


def antivirus(s: Scene) -> None:
    """Definitions renewed; once in a while something found in a mail or a download."""
    for host in WINDOWS:
        update = '"C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26090.9-0\\MpCmdRun.exe" SignatureUpdate -ScheduleJob -RestrictPrivileges'
        win.start(s, host, "MpCmdRun", update, "NT AUTHORITY\\NETWORK SERVICE", "svchost", SCHEDULE)
        s.wait(20)
        stub = "C:\\Windows\\system32\\MpSigStub.exe /stub 1.1.26090.1 /payload 1.439.210.0 /MpWUStub /program C:\\Windows\\SoftwareDistribution\\Download\\Install\\AM_Delta_Patch_1.439.190.0.exe WD /q"
        win.start(
            s,
            host,
            "MpSigStub",
            stub,
            win.SYSTEM,
            "C:\\Windows\\SoftwareDistribution\\Download\\Install\\AM_Delta_Patch_1.439.190.0.exe",
        )
        win.defender(s, host, 2000, {"Current Signature Version": "1.439.210.0", "Signature Type": "AntiVirus"})


def found_malware(s: Scene) -> None:
    """What antivirus finds in an ordinary week."""
    host = s.rng.choice(WINDOWS[-6:])
    what: dict[str, str | None] = {
        "Threat Name": s.rng.choice(("PUA:Win32/Softcnapp", "Trojan:HTML/Phish.AG!MTB", "HackTool:Win32/AutoKMS")),
        "Severity Name": "Severe",
        "Category Name": "Potentially Unwanted Software",
    }
    more: dict[str, str | None] = {
        "Path": f"file:_C:\\Users\\arta.balliu\\Downloads\\fature{s.rng.randrange(99)}.htm",
        "Action Name": "Quarantine",
        "Process Name": "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    }
    win.defender(s, host, 1116, what | more)
    s.wait(3)
    win.defender(s, host, 1117, what | more)


def scheduled(s: Scene) -> None:
    """The task scheduler's own log."""
    host = s.rng.choice(WINDOWS)
    name, action = s.rng.choice(
        (
            ("\\Microsoft\\Windows\\UpdateOrchestrator\\Schedule Scan", "C:\\Windows\\system32\\usoclient.exe"),
            (
                "\\Microsoft\\Office\\Office Feature Updates",
                "C:\\Program Files\\Microsoft Office\\root\\Office16\\sdxhelper.exe",
            ),
            (
                "\\GoogleSystem\\GoogleUpdater\\GoogleUpdaterTaskSystem142.0.7416.0",
                "C:\\Program Files (x86)\\Google\\GoogleUpdater\\142.0.7416.0\\updater.exe",
            ),
            (
                "\\Microsoft\\Windows\\Windows Defender\\Windows Defender Scheduled Scan",
                "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26090.9-0\\MpCmdRun.exe",
            ),
            ("\\Ministria\\Pastrimi i profileve", "powershell.exe"),
            ("\\Ministria\\Sinkronizimi", "robocopy.exe"),
        )
    )
    win.task(s, host, 200, name, "S-1-5-18", action)
    s.wait(20)
    win.task(s, host, 201, name, "S-1-5-18", action)


def remote_thread(s: Scene) -> None:
    """Honest remote threads: the console subsystem and the hypervisor's tools."""
    host, (source, target) = (
        s.rng.choice(WINDOWS),
        s.rng.choice(
            (
                ("C:\\Windows\\System32\\csrss.exe", "C:\\Windows\\System32\\cmd.exe"),
                ("C:\\Program Files\\VMware\\VMware Tools\\vmtoolsd.exe", "C:\\Windows\\explorer.exe"),
                ("C:\\Windows\\System32\\wbem\\WmiPrvSE.exe", "C:\\Windows\\System32\\svchost.exe"),
            )
        ),
    )
    who: dict[str, str | None] = {
        "SourceProcessGuid": win.guid(s),
        "SourceProcessId": "604",
        "SourceImage": source,
        "TargetProcessGuid": win.guid(s),
    }
    to: dict[str, str | None] = {
        "TargetProcessId": "3120",
        "TargetImage": target,
        "NewThreadId": "7124",
        "StartAddress": "0x00007FFB1C2D0000",
    }
    win.sysmon(
        s,
        host,
        8,
        who
        | to
        | {
            "StartModule": "C:\\Windows\\System32\\KERNELBASE.dll",
            "StartFunction": "CtrlRoutine",
            "SourceUser": win.SYSTEM,
            "TargetUser": win.SYSTEM,
        },
    )


def machine_accounts(s: Scene) -> None:
    """Machines fetch policies: SYSVOL from the controller."""
    host: Host = s.rng.choice(CLERK_PCS)
    win.ticket(s, f"{host.name}$", host.address)
    win.share(
        s,
        DC,
        f"{host.name}$",
        host.address,
        "SYSVOL",
        "ministria.example\\Policies\\{6AC1786C-016F-11D2-945F-00C04FB984F9}\\Machine\\Registry.pol",
    )


HABITS = (
    Habit("upkeep.own", Rate(26000, FLAT), own),
    Habit("upkeep.lsass", Rate(9000, FLAT), lsass),
    Habit("upkeep.images", Rate(20000, tuple(w + 20 for w in OFFICE)), image_loaded),
    Habit("upkeep.registry", Rate(24000, tuple(w + 20 for w in OFFICE)), registry),
    Habit("upkeep.lookups", Rate(36000, tuple(w + 20 for w in OFFICE)), lookups),
    Habit("upkeep.monitoring", Cron(range(0, 60, 5)), monitoring),
    Habit("upkeep.antivirus", Cron((17,), (3, 11, 19)), antivirus),
    Habit("upkeep.found", Rate(3, OFFICE, rare=True), found_malware),
    Habit("upkeep.tasks", Rate(9000, FLAT), scheduled),
    Habit("upkeep.threads", Rate(60, NIGHT), remote_thread),
    Habit("upkeep.machines", Rate(15000, FLAT), machine_accounts),
)
