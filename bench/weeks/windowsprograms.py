"""The programs that come with Windows, as process records name them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bench.weeks.estate import digest

SYSTEM32 = "C:\\Windows\\System32\\"
MS = ("Microsoft® Windows® Operating System", "Microsoft Corporation")


@dataclass(frozen=True)
class Program:
    """A program; `path` may hold {user}."""

    path: str
    original: str
    description: str
    product: str
    company: str
    version: str = "10.0.19041.4522 (WinBuild.160101.0800)"

    @cached_property
    def hashes(self) -> str:
        """Sysmon's Hashes field."""
        d = digest
        p = self.path + self.version
        return f"SHA1={d(p)},MD5={d(p, 16)},SHA256={d(p, 32)},IMPHASH={d(p + 'imp', 16)}"


def _windows(text: str) -> dict[str, Program]:
    """Lines of `name | original | description`, all in System32."""
    rows = [[part.strip() for part in line.split("|")] for line in text.strip().splitlines()]
    return {row[0]: Program(f"{SYSTEM32}{row[0]}.exe", row[1], row[2], *MS) for row in rows}


PROGRAMS: dict[str, Program] = _windows("""
cmd | Cmd.Exe | Windows Command Processor
conhost | CONHOST.EXE | Console Window Host
net | net.exe | Net Command
net1 | net1.exe | Net Command
svchost | svchost.exe | Host Process for Windows Services
services | services.exe | Services and Controller app
userinit | USERINIT.EXE | Userinit Logon Application
winlogon | WINLOGON.EXE | Windows Logon Application
taskhostw | taskhostw.exe | Host Process for Windows Tasks
sihost | sihost.exe | Shell Infrastructure Host
RuntimeBroker | RuntimeBroker.exe | Runtime Broker
dllhost | dllhost.exe | COM Surrogate
rundll32 | RUNDLL32.EXE | Windows host process (Rundll32)
regsvr32 | REGSVR32.EXE | Microsoft(C) Register Server
reg | reg.exe | Registry Console Tool
schtasks | schtasks.exe | Task Scheduler Configuration Tool
sc | sc.exe | Service Control Manager Configuration Tool
whoami | whoami.exe | whoami - displays logged on user information
ipconfig | ipconfig.exe | IP Configuration Utility
systeminfo | sysinfo.exe | Displays system information
tasklist | tasklist.exe | Lists the current running tasks
taskkill | taskkill.exe | Terminates Processes
nltest | nltestrk.exe | Microsoft® Logon Server Test Utility
nslookup | nslookup.exe | nslookup
ping | ping.exe | TCP/IP Ping Command
quser | quser.exe | Query User Utility
gpupdate | GPUpdate.exe | Microsoft® Group Policy Update Utility
gpresult | gprslt.exe | Query Group Policy RSOP Data
cscript | cscript.exe | Microsoft ® Console Based Script Host
wscript | wscript.exe | Microsoft ® Windows Based Script Host
mmc | mmc.exe | Microsoft Management Console
mstsc | mstsc.exe | Remote Desktop Connection
msiexec | msiexec.exe | Windows® installer
robocopy | robocopy.exe | Microsoft Robocopy
xcopy | XCOPY.EXE | Extended Copy Utility
wevtutil | wevtutil.exe | Eventing Command Line Utility
vssadmin | VSSADMIN.EXE | Command Line Interface for Microsoft® Volume Shadow Copy Service
wbadmin | WBADMIN.EXE | Command Line Interface for Microsoft® BLB Backup
VSSVC | VSSVC.EXE | Microsoft® Volume Shadow Copy Service
certutil | CertUtil.exe | CertUtil.exe
netsh | netsh.exe | Network Command Shell
netstat | netstat.exe | TCP/IP Netstat Command
auditpol | AUDITPOL.EXE | Audit Policy Program
icacls | iCACLS.EXE |
takeown | takeown.exe | Takes ownership of a file
shutdown | SHUTDOWN.EXE | Windows Shutdown and Annotation Tool
curl | curl.exe | The curl executable
tar | bsdtar | bsdtar archive tool
ntdsutil | ntdsutil.exe | NT5DS
spoolsv | spoolsv.exe | Spooler SubSystem App
splwow64 | splwow64.exe | Print driver host for applications
lsass | lsass.exe | Local Security Authority Process
UsoClient | UsoClient.exe | UsoClient
MusNotification | MusNotification.exe | MusNotification.exe
wuauclt | wuauclt.exe | Windows Update
CompatTelRunner | CompatTelRunner.exe | Microsoft Compatibility Telemetry
dismhost | DismHost.exe | Dism Host Servicing Process
cleanmgr | CLEANMGR.DLL | Disk Space Cleanup Manager for Windows
defrag | Defrag.EXE | Disk Defragmenter Module
wsmprovhost | wsmprovhost.exe | Host process for WinRM plug-ins
winrshost | winrshost.exe | Host Process for WinRM's Remote Shell plugin
bitsadmin | bitsadmin.exe | BITS administration utility
SearchProtocolHost | SearchProtocolHost.exe | Microsoft Windows Search Protocol Host
SearchIndexer | SearchIndexer.exe | Microsoft Windows Search Indexer
smartscreen | smartscreen.exe | Windows Defender SmartScreen
Taskmgr | Taskmgr.exe | Task Manager
notepad | NOTEPAD.EXE | Notepad
query | query.exe | MultiUser Query Utility
hostname | hostname.exe | Hostname APP
arp | arp.exe | TCP/IP Arp Command
""")

_WBEM = {
    "powershell": ("WindowsPowerShell\\v1.0\\powershell.exe", "PowerShell.EXE", "Windows PowerShell"),
    "wmic": ("wbem\\WMIC.exe", "wmic.exe", "WMI Commandline Utility"),
    "wmiprvse": ("wbem\\WmiPrvSE.exe", "Wmiprvse.exe", "WMI Provider Host"),
    "w3wp": ("inetsrv\\w3wp.exe", "w3wp.exe", "IIS Worker Process"),
}
for _name, (_path, _original, _what) in _WBEM.items():
    PROGRAMS[_name] = Program(SYSTEM32 + _path, _original, _what, *MS)
