"""Windows programs as Sysmon describes them: path, original file name, description, product, company."""

from __future__ import annotations

from bench.weeks.windowsprograms import MS, PROGRAMS, SYSTEM32, Program

__all__ = ["PROGRAMS", "Program"]


def _other(name: str, path: str, original: str, what: str, product: str, company: str, version: str) -> None:
    PROGRAMS[name] = Program(path, original, what, product, company, version)


_W = "C:\\Windows\\"
_PF = "C:\\Program Files\\"
_86 = "C:\\Program Files (x86)\\"
_MSC = "Microsoft Corporation"
_OFFICE = _PF + "Microsoft Office\\root\\Office16\\"
_HOME = "C:\\Users\\{user}\\"
_other("explorer", _W + "explorer.exe", "EXPLORER.EXE", "Windows Explorer", *MS, "10.0.19041.4522")
_other(
    "csc",
    _W + "Microsoft.NET\\Framework64\\v4.0.30319\\csc.exe",
    "csc.exe",
    "Visual C# Command Line Compiler",
    "Microsoft® .NET Framework",
    _MSC,
    "4.8.9037.0",
)
_other(
    "cvtres",
    _W + "Microsoft.NET\\Framework64\\v4.0.30319\\cvtres.exe",
    "CVTRES.EXE",
    "Microsoft® Resource File To COFF Object Conversion Utility",
    "Microsoft® Visual Studio®",
    _MSC,
    "14.32.31326.0",
)
_other(
    "ngen",
    _W + "Microsoft.NET\\Framework64\\v4.0.30319\\ngen.exe",
    "ngen.exe",
    "Microsoft Common Language Runtime native compiler",
    "Microsoft® .NET Framework",
    _MSC,
    "4.8.9037.0",
)
_other(
    "TrustedInstaller",
    _W + "servicing\\TrustedInstaller.exe",
    "TrustedInstaller.exe",
    "Windows Modules Installer",
    *MS,
    "10.0.19041.4520",
)
_other(
    "TiWorker",
    _W + "WinSxS\\amd64_microsoft-windows-servicingstack_31bf3856ad364e35_10.0.19041.4520_none_7e2a3c\\TiWorker.exe",
    "TiWorker.exe",
    "Windows Modules Installer Worker",
    *MS,
    "10.0.19041.4520",
)
_other(
    "MsMpEng",
    "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26090.9-0\\MsMpEng.exe",
    "MsMpEng.exe",
    "Antimalware Service Executable",
    *MS,
    "4.18.26090.9",
)
_other(
    "MpCmdRun",
    "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.26090.9-0\\MpCmdRun.exe",
    "MpCmdRun.exe",
    "Microsoft Malware Protection Command Line Utility",
    *MS,
    "4.18.26090.9",
)
_other(
    "MpSigStub",
    SYSTEM32 + "MpSigStub.exe",
    "MpSigStub.exe",
    "Microsoft Malware Protection Signature Update Stub",
    *MS,
    "1.1.26090.1",
)
for _office, _label in (("WINWORD", "Word"), ("EXCEL", "Excel"), ("OUTLOOK", "Outlook")):
    _other(
        _office,
        f"{_OFFICE}{_office}.EXE",
        f"{_office.title()}.exe" if _office != "EXCEL" else "Excel.exe",
        f"Microsoft {_label}",
        "Microsoft Office",
        _MSC,
        "16.0.17328.20612",
    )
_other(
    "OfficeC2RClient",
    _PF + "Common Files\\microsoft shared\\ClickToRun\\OfficeC2RClient.exe",
    "OfficeC2RClient.exe",
    "Microsoft Office Click-to-Run Client",
    "Microsoft Office",
    _MSC,
    "16.0.17328.20612",
)
_other(
    "chrome",
    _PF + "Google\\Chrome\\Application\\chrome.exe",
    "chrome.exe",
    "Google Chrome",
    "Google Chrome",
    "Google LLC",
    "142.0.7444.60",
)
_other(
    "GoogleUpdater",
    _86 + "Google\\GoogleUpdater\\142.0.7416.0\\updater.exe",
    "updater.exe",
    "Google Updater",
    "Google Updater",
    "Google LLC",
    "142.0.7416.0",
)
_other(
    "msedge",
    _86 + "Microsoft\\Edge\\Application\\msedge.exe",
    "msedge.exe",
    "Microsoft Edge",
    "Microsoft Edge",
    _MSC,
    "142.0.3595.53",
)
_other(
    "MicrosoftEdgeUpdate",
    _86 + "Microsoft\\EdgeUpdate\\MicrosoftEdgeUpdate.exe",
    "msedgeupdate.dll",
    "Microsoft Edge Update",
    "Microsoft Edge Update",
    _MSC,
    "1.3.187.41",
)
_other(
    "AcroRd32",
    _PF + "Adobe\\Acrobat DC\\Acrobat\\Acrobat.exe",
    "Acrobat.exe",
    "Adobe Acrobat",
    "Adobe Acrobat",
    "Adobe Systems Incorporated",
    "25.1.20756.0",
)
_other(
    "OneDrive",
    _HOME + "AppData\\Local\\Microsoft\\OneDrive\\OneDrive.exe",
    "OneDrive.exe",
    "Microsoft OneDrive",
    "Microsoft OneDrive",
    _MSC,
    "25.184.0921.0004",
)
_other(
    "Teams",
    _PF + "WindowsApps\\MSTeams_25275.2601.4002.2815_x64__8wekyb3d8bbwe\\ms-teams.exe",
    "ms-teams.exe",
    "Microsoft Teams",
    "Microsoft Teams",
    _MSC,
    "25275.2601.4002.2815",
)
_other(
    "zabbix",
    _PF + "Zabbix Agent\\zabbix_agentd.exe",
    "zabbix_agentd.exe",
    "Zabbix agent",
    "Zabbix",
    "Zabbix SIA",
    "6.0.30.0",
)
_other("nxlog", _PF + "nxlog\\nxlog.exe", "nxlog.exe", "NXLog Community Edition", "NXLog", "NXLog Ltd.", "3.2.2329.0")
_other(
    "VeeamAgent",
    _86 + "Veeam\\Backup Transport\\x64\\VeeamAgent.exe",
    "VeeamAgent.exe",
    "Veeam Agent",
    "Veeam Backup & Replication",
    "Veeam Software Group GmbH",
    "12.3.1.1139",
)
_other(
    "VeeamGuestHelper",
    _W + "VeeamVssSupport\\VeeamGuestHelper.exe",
    "VeeamGuestHelper.exe",
    "Veeam Guest Helper",
    "Veeam Backup & Replication",
    "Veeam Software Group GmbH",
    "12.3.1.1139",
)
_other(
    "vmtoolsd",
    _PF + "VMware\\VMware Tools\\vmtoolsd.exe",
    "vmtoolsd.exe",
    "VMware Tools Core Service",
    "VMware Tools",
    "VMware, Inc.",
    "12.4.5.23787",
)
_other("7z", _PF + "7-Zip\\7z.exe", "7z.exe", "7-Zip Console", "7-Zip", "Igor Pavlov", "24.08")
_other(
    "PsExec",
    "C:\\Tools\\Sysinternals\\PsExec64.exe",
    "psexec.c",
    "Execute processes remotely",
    "Sysinternals PsExec",
    "Sysinternals - www.sysinternals.com",
    "2.43",
)
_other(
    "PSEXESVC",
    _W + "PSEXESVC.exe",
    "psexesvc.exe",
    "PsExec Service",
    "Sysinternals PsExec",
    "Sysinternals - www.sysinternals.com",
    "2.43",
)
_other(
    "putty",
    _PF + "PuTTY\\putty.exe",
    "PuTTY",
    "SSH, Telnet, Rlogin, and SUPDUP client",
    "PuTTY suite",
    "Simon Tatham",
    "Release 0.81",
)
_other(
    "WinSCP",
    _86 + "WinSCP\\WinSCP.exe",
    "winscp.exe",
    "WinSCP: SFTP, FTP, WebDAV, S3 and SCP client",
    "WinSCP",
    "Martin Prikryl",
    "6.3.5.0",
)
_other(
    "pgadmin",
    _PF + "pgAdmin 4\\runtime\\pgAdmin4.exe",
    "pgAdmin4.exe",
    "pgAdmin 4",
    "pgAdmin 4",
    "The pgAdmin Development Team",
    "8.12",
)
_other(
    "Code",
    _PF + "Microsoft VS Code\\Code.exe",
    "electron.exe",
    "Visual Studio Code",
    "Visual Studio Code",
    _MSC,
    "1.105.1",
)
_other(
    "rg",
    _PF + "Microsoft VS Code\\resources\\app\\node_modules\\@vscode\\ripgrep\\bin\\rg.exe",
    "-",
    "-",
    "-",
    "-",
    "-",
)
_other(
    "git", _PF + "Git\\cmd\\git.exe", "git.exe", "Git for Windows", "Git", "The Git Development Community", "2.47.0.1"
)
_other(
    "bash", _PF + "Git\\usr\\bin\\bash.exe", "bash.exe", "GNU bash", "Git", "The Git Development Community", "2.47.0.1"
)
_other("ssh", SYSTEM32 + "OpenSSH\\ssh.exe", "ssh.exe", "-", "OpenSSH for Windows", "-", "9.5.4.1")
_other("node", _PF + "nodejs\\node.exe", "node.exe", "Node.js: Server-side JavaScript", "Node.js", "Node.js", "20.18.0")
_other(
    "python",
    _HOME + "AppData\\Local\\Programs\\Python\\Python312\\python.exe",
    "python.exe",
    "Python",
    "Python",
    "Python Software Foundation",
    "3.12.7",
)
_other("dotnet", _PF + "dotnet\\dotnet.exe", ".NET Host", ".NET Host", "Microsoft® .NET", _MSC, "8.0.1024.46610")
_other(
    "docker",
    _PF + "Docker\\Docker\\resources\\bin\\docker.exe",
    "docker.exe",
    "Docker Client",
    "Docker Client",
    "Docker Inc.",
    "27.3.1",
)
_other("wsl", SYSTEM32 + "wsl.exe", "wsl.exe", "Microsoft Windows Subsystem for Linux Launcher", *MS, "10.0.19041.4522")
_other(
    "zyra", _PF + "IIAL\\Zyra\\zyra.exe", "zyra.exe", "Zyra - protokolli", "Zyra", "Instituti i Informatikes", "3.4.1"
)
