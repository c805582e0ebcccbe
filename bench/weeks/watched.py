"""What Sysmon's configuration watches on every machine: libraries loaded, registry values set."""

from __future__ import annotations

from bench.weeks import windows as win
from bench.weeks.estate import WINDOWS
from bench.weeks.programs import PROGRAMS
from bench.weeks.scene import Scene

_DLLS = (
    "wbemcomn.dll",
    "wbem\\fastprox.dll",
    "amsi.dll",
    "samlib.dll",
    "vaultcli.dll",
    "taskschd.dll",
    "dbghelp.dll",
    "dbgcore.dll",
    "clr.dll",
    "mscoree.dll",
    "System.Management.Automation.ni.dll",
    "vssapi.dll",
    "wshom.ocx",
    "cryptdll.dll",
    "wlanapi.dll",
    "dsrole.dll",
    "wsmsvc.dll",
    "advapi32.dll",
    "credui.dll",
)


def image_loaded(s: Scene) -> None:
    """A library that Sysmon's configuration watches is loaded."""
    host, dll = s.rng.choice(WINDOWS), s.rng.choice(_DLLS)
    name = s.rng.choice(
        (
            "svchost",
            "wmiprvse",
            "taskhostw",
            "EXCEL",
            "WINWORD",
            "OUTLOOK",
            "mmc",
            "powershell",
            "VeeamAgent",
            "explorer",
            "dllhost",
            "TiWorker",
            "MsMpEng",
            "zabbix",
        )
    )
    folder = (
        "C:\\Windows\\Microsoft.NET\\Framework64\\v4.0.30319\\"
        if dll in ("clr.dll", "mscoree.dll")
        else "C:\\Windows\\System32\\"
    )
    about: dict[str, str | None] = {"ProcessGuid": win.guid(s), "ProcessId": "2412", "Image": PROGRAMS[name].path}
    what: dict[str, str | None] = {
        "ImageLoaded": folder + dll,
        "FileVersion": "10.0.19041.4522 (WinBuild.160101.0800)",
        "Description": dll,
        "Product": "Microsoft® Windows® Operating System",
        "Company": "Microsoft Corporation",
        "OriginalFileName": dll.rpartition("\\")[2],
        "Hashes": f"SHA256={PROGRAMS['cmd'].hashes[-64:]}",
    }
    signed: dict[str, str | None] = {"Signed": "true", "Signature": "Microsoft Windows", "SignatureStatus": "Valid"}
    win.sysmon(s, host, 7, about | what | signed | {"User": win.SYSTEM})


_KEYS = (
    (
        "HKLM\\System\\CurrentControlSet\\Services\\bam\\State\\UserSettings\\S-1-5-18\\\\Device\\HarddiskVolume2\\Windows\\System32\\svchost.exe",
        "Binary Data",
        "svchost",
    ),
    (
        "HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache\\Tree\\Microsoft\\Office\\Office Automatic Updates 2.0\\Index",
        "DWORD (0x00000003)",
        "svchost",
    ),
    (
        "HKLM\\System\\CurrentControlSet\\Services\\MpKslDrv\\ImagePath",
        "\\??\\C:\\ProgramData\\Microsoft\\Windows Defender\\Definition Updates\\{8C2D}\\MpKslDrv.sys",
        "services",
    ),
    ("HKLM\\System\\CurrentControlSet\\Services\\BITS\\Start", "DWORD (0x00000003)", "services"),
    (
        "HKLM\\System\\CurrentControlSet\\Services\\W32Time\\Config\\Status\\LastGoodSampleInfo",
        "DC01.ministria.example;0",
        "svchost",
    ),
    ("HKLM\\SOFTWARE\\Microsoft\\Windows Defender\\Signature Updates\\SignaturesLastUpdated", "Binary Data", "MsMpEng"),
    (
        "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\State\\Machine\\Extension-List\\{35378EAC-683F-11D2-A89A-00C04FBBCFA2}\\startTimeLo",
        "DWORD (0x1a2b3c4d)",
        "svchost",
    ),
    (
        "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Internet Settings\\ZoneMap\\ProxyBypass",
        "DWORD (0x00000001)",
        "svchost",
    ),
    (
        "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\AuthRoot\\Certificates\\D4DE20D05E66FC53FE1A50882C78DB2852CAE474\\Blob",
        "Binary Data",
        "svchost",
    ),
    (
        "HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging\\EnableScriptBlockLogging",
        "DWORD (0x00000001)",
        "svchost",
    ),
    ("HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows Defender\\Exclusions\\Paths\\D:\\Backup", "0", "svchost"),
)


def registry(s: Scene) -> None:
    """Registry values that Sysmon's configuration watches."""
    key, details, name = s.rng.choice(_KEYS)
    win.registry(s, s.rng.choice(WINDOWS), PROGRAMS[name].path, key, details)
