"""The two great nights of Windows servers: the backup that touches everything, every night, and the patches, once a week."""

from __future__ import annotations

from bench.weeks import windows as win
from bench.weeks.clock import Cron
from bench.weeks.estate import BACKUP, DC, FILES, SERVERS, WINDOWS
from bench.weeks.programs import PROGRAMS
from bench.weeks.scene import Habit, Scene

SCHEDULE = "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule"
DCOM = "C:\\Windows\\system32\\svchost.exe -k DcomLaunch -p"
SERVICES = (
    "Windows Update",
    "Background Intelligent Transfer Service",
    "Windows Modules Installer",
    "Volume Shadow Copy",
    "WinHTTP Web Proxy Auto-Discovery Service",
    "Software Protection",
    "Application Experience",
)


def backup(s: Scene) -> None:
    """The nightly backup goes round the servers: logons, guest helper, shadow copies, and every file touched."""
    for host in SERVERS:
        win.logon(s, host, "svc_backup", 3, BACKUP.address, BACKUP.name, "NTLM", elevated=True)
        win.share(s, host, "svc_backup", BACKUP.address, "ADMIN$", "VeeamVssSupport\\VeeamGuestHelper.exe", "0x12019f")
        win.service(s, host, "Veeam Guest Helper", "C:\\Windows\\VeeamVssSupport\\VeeamGuestHelper.exe")
        win.start(
            s, host, "VeeamGuestHelper", '"C:\\Windows\\VeeamVssSupport\\VeeamGuestHelper.exe"', win.SYSTEM, "services"
        )
        s.wait(5)
        win.start(
            s,
            host,
            "VSSVC",
            "C:\\Windows\\system32\\vssvc.exe",
            win.SYSTEM,
            "services",
            "C:\\Windows\\system32\\services.exe",
        )
        win.start(
            s,
            host,
            "cmd",
            'cmd.exe /c vssadmin list writers > "C:\\Windows\\Temp\\vss_writers.txt"',
            win.SYSTEM,
            "VeeamGuestHelper",
        )
        win.start(s, host, "vssadmin", "vssadmin  list writers", win.SYSTEM, "cmd")
        win.service_state(s, host, "Volume Shadow Copy", "running")
        s.wait(240)
        if host is DC:
            win.start(
                s,
                host,
                "wbadmin",
                "wbadmin start systemstatebackup -backupTarget:E: -quiet",
                win.SYSTEM,
                "svchost",
                SCHEDULE,
            )
    for _ in range(int(4000 * min(1.0, s.scale))):
        s.wait(0.8)
        win.share(
            s,
            FILES,
            "svc_backup",
            BACKUP.address,
            "D$",
            f"Zyra\\{s.rng.randrange(2019, 2027)}\\{s.rng.getrandbits(40):x}.docx",
        )


_KB = ("kb5066835", "kb5066791", "kb890830", "kb5066743")


def patch_night(s: Scene) -> None:
    """Patches on every machine, then the restart: installers, services, thousands of files."""
    for host in WINDOWS:
        start = s.time
        s.wait(s.rng.randrange(1, 2400))
        win.start(s, host, "TrustedInstaller", "C:\\Windows\\servicing\\TrustedInstaller.exe", win.SYSTEM, "services")
        win.start(s, host, "TiWorker", PROGRAMS["TiWorker"].path + " -Embedding", win.SYSTEM, "svchost", DCOM)
        wusa = f"C:\\Windows\\SoftwareDistribution\\Download\\Install\\windows10.0-{s.rng.choice(_KB)}-x64.exe"
        win.start(s, host, "msiexec", "C:\\Windows\\system32\\msiexec.exe /V", win.SYSTEM, "services")
        win.start(
            s,
            host,
            "msiexec",
            f"C:\\Windows\\System32\\MsiExec.exe -Embedding {s.rng.getrandbits(128):032X} E Global\\MSI0000",
            win.SYSTEM,
            "msiexec",
            "C:\\Windows\\system32\\msiexec.exe /V",
        )
        win.start(
            s,
            host,
            "rundll32",
            f'rundll32.exe "C:\\Windows\\Installer\\MSI{s.rng.getrandbits(16):04X}.tmp",zzzzInvokeManagedCustomActionOutOfProc SfxCA_{s.rng.getrandbits(24)} 2 CustomActions!Zyra.Setup.Configure',
            win.SYSTEM,
            "msiexec",
        )
        win.start(
            s,
            host,
            "ngen",
            '"C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\ngen.exe" update /queue /delay',
            win.SYSTEM,
            "msiexec",
        )
        win.start(
            s,
            host,
            "dismhost",
            "C:\\Windows\\TEMP\\4B1F9C3E-11AA-4E11\\dismhost.exe {7C1B9A11-2F6D-4A55-9A2C-11D20C8A3B10}",
            win.SYSTEM,
            "TiWorker",
        )
        win.start(
            s,
            host,
            "regsvr32",
            '"C:\\Windows\\System32\\regsvr32.exe" /s "C:\\Program Files\\IIAL\\Zyra\\zyraext.dll"',
            win.SYSTEM,
            "msiexec",
        )
        win.start(
            s,
            host,
            "netsh",
            'netsh advfirewall firewall add rule name="Zyra" dir=in action=allow program="C:\\Program Files\\IIAL\\Zyra\\zyra.exe" enable=yes',
            win.SYSTEM,
            "msiexec",
        )
        win.service(
            s,
            host,
            "Google Chrome Elevation Service",
            '"C:\\Program Files\\Google\\Chrome\\Application\\142.0.7444.60\\elevation_service.exe"',
        )
        win.service(
            s,
            host,
            "Microsoft Defender Core Service",
            '"C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26090.9-0\\MpDefenderCoreService.exe"',
            start_type="auto start",
        )
        for _ in range(int(260 * min(1.0, s.scale * 4)) + 2):
            s.wait(1.5)
            n = f"{s.rng.getrandbits(64):016x}"
            name = s.rng.choice(
                (
                    "ntdll.dll",
                    "kernel32.dll",
                    "win32k.sys",
                    "drivers\\tcpip.sys",
                    "lsasrv.dll",
                    "setup.exe",
                    "wow64.dll",
                )
            )
            folder = s.rng.choice(
                (f"C:\\Windows\\WinSxS\\Temp\\InFlight\\{n}\\", "C:\\Windows\\System32\\", "C:\\Windows\\SysWOW64\\")
            )
            win.file(s, host, PROGRAMS["TiWorker"].path, folder + name)
        win.file(s, host, "C:\\Windows\\System32\\svchost.exe", wusa)
        win.start(
            s,
            host,
            "shutdown",
            "C:\\Windows\\system32\\shutdown.exe /r /t 300 /d p:2:17",
            win.SYSTEM,
            "svchost",
            SCHEDULE,
        )
        for name in SERVICES:
            win.service_state(s, host, name, "stopped")
        s.time = start


HABITS = (
    Habit("upkeep.backup", Cron((5,), (1,), once=True), backup),
    Habit("upkeep.patches", Cron((10,), (2,), (3,), once=True), patch_night),
)
