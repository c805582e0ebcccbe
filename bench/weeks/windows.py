"""Windows records: the Security log, Sysmon, PowerShell, System, Task Scheduler and Defender, flat or as Winlogbeat."""

from __future__ import annotations

from bench.weeks.clock import plain
from bench.weeks.estate import DC, DNS_DOMAIN, DOMAIN, SID, Host, Person
from bench.weeks.programs import PROGRAMS, Program
from bench.weeks.scene import Scene
from bench.weeks.winrecord import SECURITY, SYSMON, SYSTEM, Data, guid, record, security, sysmon

__all__ = ["SECURITY", "SYSMON", "SYSTEM", "Data", "guid", "record", "security", "sysmon"]


def path(program: Program, user: str) -> str:
    """Where a program lies for a user."""
    return program.path.replace("{user}", user.rpartition("\\")[2])


def start(
    s: Scene,
    host: Host,
    name: str,
    command: str,
    user: str = SYSTEM,
    parent: str = "services",
    over: str = "",
    folder: str = "C:\\Windows\\system32\\",
    program: Program | None = None,
) -> tuple[str, str]:
    """A process starts (Sysmon 1, and 4688 on servers); its (guid, image). `over` is the parent's command line."""
    me = program or PROGRAMS[name]
    above = path(PROGRAMS[parent], user) if parent in PROGRAMS else parent
    mine, pid, logon = guid(s), s.rng.randrange(500, 20000, 4), s.rng.getrandbits(27)
    system = user.startswith("NT AUTHORITY")
    image = path(me, user)
    logon_id = "0x3e7" if system else f"0x{logon:x}"
    parent_id = s.rng.randrange(400, 20000, 4)
    sysmon(
        s,
        host,
        1,
        {
            "ProcessGuid": mine,
            "ProcessId": str(pid),
            "Image": image,
            "FileVersion": me.version,
            "Description": me.description,
            "Product": me.product,
            "Company": me.company,
            "OriginalFileName": me.original,
            "CommandLine": command,
            "CurrentDirectory": folder,
            "User": user,
            "LogonGuid": guid(s),
            "LogonId": logon_id,
            "TerminalSessionId": "0" if system else "1",
            "IntegrityLevel": "System" if system else "High" if "adm." in user else "Medium",
            "Hashes": me.hashes,
            "ParentProcessGuid": guid(s),
            "ParentProcessId": str(parent_id),
            "ParentImage": above,
            "ParentCommandLine": over or above,
            "ParentUser": user,
        },
    )
    if host.server:
        domain, _, account = user.rpartition("\\")
        security(
            s,
            host,
            4688,
            {
                "SubjectUserSid": "S-1-5-18" if system else f"{SID}-1190",
                "SubjectUserName": f"{host.name}$" if system else account,
                "SubjectDomainName": DOMAIN if system else domain,
                "SubjectLogonId": logon_id,
                "NewProcessId": f"0x{pid:x}",
                "NewProcessName": image,
                "TokenElevationType": "%%1936",
                "ProcessId": f"0x{parent_id:x}",
                "CommandLine": command,
                "TargetUserSid": "S-1-0-0",
                "TargetUserName": "-",
                "TargetDomainName": "-",
                "TargetLogonId": "0x0",
                "ParentProcessName": above,
                "MandatoryLabel": "S-1-16-16384",
            },
        )
    return mine, image


def end(s: Scene, host: Host, name: str, user: str = SYSTEM) -> None:
    """A process ends (Sysmon 5)."""
    pid = str(s.rng.randrange(500, 20000, 4))
    image = path(PROGRAMS[name], user)
    sysmon(s, host, 5, {"ProcessGuid": guid(s), "ProcessId": pid, "Image": image, "User": user})


def _about(s: Scene, image: str, user: str) -> Data:
    pid = str(s.rng.randrange(500, 20000, 4))
    return {"ProcessGuid": guid(s), "ProcessId": pid, "Image": image, "User": user}


def connect(
    s: Scene,
    host: Host,
    image: str,
    to: str,
    port: int,
    user: str = SYSTEM,
    name: str = "-",
    source: str = "",
) -> None:
    """A connection made (Sysmon 3), or taken when `source` names the other end."""
    data = _about(s, image, user)
    data |= {
        "Protocol": "tcp",
        "Initiated": "false" if source else "true",
        "SourceIsIpv6": "false",
        "SourceIp": source or host.address,
        "SourceHostname": "-" if source else host.fqdn,
        "SourcePort": str(s.rng.randrange(49152, 65535)),
        "SourcePortName": "-",
        "DestinationIsIpv6": "false",
        "DestinationIp": to,
        "DestinationHostname": name,
        "DestinationPort": str(port),
        "DestinationPortName": "-",
    }
    sysmon(s, host, 3, data)


def query(s: Scene, host: Host, image: str, name: str, answer: str, user: str = SYSTEM) -> None:
    """A name looked up (Sysmon 22)."""
    results: Data = {"QueryName": name, "QueryStatus": "0", "QueryResults": f"::ffff:{answer};"}
    sysmon(s, host, 22, _about(s, image, user) | results)


def file(s: Scene, host: Host, image: str, target: str, user: str = SYSTEM) -> None:
    """A file created (Sysmon 11)."""
    when = plain(s.time)
    sysmon(s, host, 11, _about(s, image, user) | {"TargetFilename": target, "CreationUtcTime": when})


def delete(s: Scene, host: Host, image: str, target: str, user: str = SYSTEM) -> None:
    """A file deleted (Sysmon 23)."""
    n = f"{s.rng.getrandbits(128):032X}"
    kept: Data = {"Hashes": f"MD5={n}", "IsExecutable": "false", "Archived": "true"}
    sysmon(s, host, 23, _about(s, image, user) | {"TargetFilename": target} | kept)


def registry(s: Scene, host: Host, image: str, target: str, details: str, user: str = SYSTEM) -> None:
    """A value set (Sysmon 13)."""
    sysmon(s, host, 13, _about(s, image, user) | {"EventType": "SetValue", "TargetObject": target, "Details": details})


def access(s: Scene, host: Host, image: str, target: str, granted: str, trace: str, user: str = SYSTEM) -> None:
    """One process opens another (Sysmon 10)."""
    pid = s.rng.randrange
    sysmon(
        s,
        host,
        10,
        {
            "SourceProcessGUID": guid(s),
            "SourceProcessId": str(pid(500, 9000, 4)),
            "SourceThreadId": str(pid(500, 9000)),
            "SourceImage": image,
            "TargetProcessGUID": guid(s),
            "TargetProcessId": str(pid(500, 900, 4)),
            "TargetImage": target,
            "GrantedAccess": granted,
            "CallTrace": trace,
            "SourceUser": user,
            "TargetUser": SYSTEM,
        },
    )


def logon(
    s: Scene,
    host: Host,
    person: str,
    kind: int,
    address: str = "-",
    station: str = "-",
    package: str = "Kerberos",
    elevated: bool = False,
) -> str:
    """A logon (4624, with 4672 when elevated); its logon id."""
    logon_id = f"0x{s.rng.getrandbits(28):x}"
    process = {
        2: "User32 ",
        3: package if package == "Kerberos" else "NtLmSsp ",
        5: "Advapi  ",
        7: "User32 ",
        10: "User32 ",
    }
    security(
        s,
        host,
        4624,
        {
            "SubjectUserSid": "S-1-0-0" if kind == 3 else "S-1-5-18",
            "SubjectUserName": "-" if kind == 3 else f"{host.name}$",
            "SubjectDomainName": "-" if kind == 3 else DOMAIN,
            "SubjectLogonId": "0x0" if kind == 3 else "0x3e7",
            "TargetUserSid": f"{SID}-{1100 + len(person)}",
            "TargetUserName": person,
            "TargetDomainName": DOMAIN,
            "TargetLogonId": logon_id,
            "LogonType": str(kind),
            "LogonProcessName": process.get(kind, "Advapi  "),
            "AuthenticationPackageName": package if kind == 3 else "Negotiate",
            "WorkstationName": station,
            "LogonGuid": guid(s),
            "TransmittedServices": "-",
            "LmPackageName": "NTLM V2" if package == "NTLM" else "-",
            "KeyLength": "128" if package == "NTLM" else "0",
            "ProcessId": "0x0" if kind == 3 else "0x29c",
            "ProcessName": "-" if kind == 3 else "C:\\Windows\\System32\\svchost.exe",
            "IpAddress": address,
            "IpPort": "0" if address == "-" else str(s.rng.randrange(49152, 65535)),
            "ImpersonationLevel": "%%1833",
            "RestrictedAdminMode": "-",
            "TargetOutboundUserName": "-",
            "TargetOutboundDomainName": "-",
            "VirtualAccount": "%%1843",
            "TargetLinkedLogonId": "0x0",
            "ElevatedToken": "%%1842" if elevated else "%%1843",
        },
    )
    if elevated:
        rights = "SeSecurityPrivilege\n\t\t\tSeBackupPrivilege\n\t\t\tSeRestorePrivilege\n\t\t\tSeTakeOwnershipPrivilege\n\t\t\tSeDebugPrivilege\n\t\t\tSeSystemEnvironmentPrivilege\n\t\t\tSeLoadDriverPrivilege\n\t\t\tSeImpersonatePrivilege"
        who = {"SubjectUserSid": f"{SID}-1110", "SubjectUserName": person, "SubjectDomainName": DOMAIN}
        security(s, host, 4672, {**who, "SubjectLogonId": logon_id, "PrivilegeList": rights})
    return logon_id


def logoff(s: Scene, host: Host, person: str, kind: int, logon_id: str) -> None:
    """A logon ends (4634)."""
    who = {"TargetUserSid": f"{SID}-1200", "TargetUserName": person, "TargetDomainName": DOMAIN}
    security(s, host, 4634, {**who, "TargetLogonId": logon_id, "LogonType": str(kind)})


def failed(s: Scene, host: Host, person: str, kind: int, address: str, station: str, sub: str = "0xc000006a") -> None:
    """A logon that failed (4625): bad password unless `sub` says otherwise."""
    security(
        s,
        host,
        4625,
        {
            "SubjectUserSid": "S-1-0-0",
            "SubjectUserName": "-",
            "SubjectDomainName": "-",
            "SubjectLogonId": "0x0",
            "TargetUserSid": "S-1-0-0",
            "TargetUserName": person,
            "TargetDomainName": DOMAIN,
            "Status": "0xc000006d",
            "FailureReason": "%%2313",
            "SubStatus": sub,
            "LogonType": str(kind),
            "LogonProcessName": "NtLmSsp ",
            "AuthenticationPackageName": "NTLM",
            "WorkstationName": station,
            "TransmittedServices": "-",
            "LmPackageName": "-",
            "KeyLength": "0",
            "ProcessId": "0x0",
            "ProcessName": "-",
            "IpAddress": address,
            "IpPort": str(s.rng.randrange(49152, 65535)),
        },
    )


def ticket(
    s: Scene, person: str, address: str, service: str = "krbtgt", status: str = "0x0", kind: str = "0x12"
) -> None:
    """A Kerberos ticket at the domain controller: 4768 for krbtgt, else 4769."""
    ends = {"TicketOptions": "0x40810010", "Status": status, "TicketEncryptionType": kind}
    where = {"IpAddress": f"::ffff:{address}", "IpPort": str(s.rng.randrange(49152, 65535))}
    if service == "krbtgt":
        who = {
            "TargetUserName": person,
            "TargetDomainName": DOMAIN,
            "TargetSid": f"{SID}-1200",
            "ServiceName": "krbtgt",
        }
        security(s, DC, 4768, {**who, "ServiceSid": f"{SID}-502", **ends, "PreAuthType": "2", **where})
        return
    who = {"TargetUserName": f"{person}@{DNS_DOMAIN.upper()}", "TargetDomainName": DNS_DOMAIN.upper()}
    more = {
        "ServiceName": service,
        "ServiceSid": f"{SID}-1001",
        **ends,
        "LogonGuid": guid(s),
        "TransmittedServices": "-",
    }
    security(s, DC, 4769, {**who, **more, **where})


def share(
    s: Scene,
    host: Host,
    person: Person | str,
    address: str,
    name: str,
    relative: str | None = None,
    mask: str = "0x120089",
) -> None:
    """A share opened (5140), or a file on it checked (5145) when `relative` names one."""
    account = person if isinstance(person, str) else person.account
    who = {
        "SubjectUserSid": f"{SID}-1200",
        "SubjectUserName": account,
        "SubjectDomainName": DOMAIN,
        "SubjectLogonId": f"0x{s.rng.getrandbits(27):x}",
        "ObjectType": "File",
        "IpAddress": address,
        "IpPort": str(s.rng.randrange(49152, 65535)),
        "ShareName": f"\\\\*\\{name}",
        "ShareLocalPath": "" if name == "IPC$" else f"\\??\\D:\\{name}",
    }
    if relative is None:
        security(s, host, 5140, {**who, "AccessMask": "0x1", "AccessList": "%%4416\n\t\t\t\t"})
        return
    seen = {
        "RelativeTargetName": relative,
        "AccessMask": mask,
        "AccessList": "%%1538\n\t\t\t\t%%1541\n\t\t\t\t%%4416\n",
    }
    security(s, host, 5145, {**who, **seen, "AccessReason": "-"})


def script(s: Scene, host: Host, text: str, file_path: str | None = None) -> None:
    """A script block (4104)."""
    data: dict[str, str | None] = {"MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": text}
    data |= {"ScriptBlockId": guid(s).strip("{}"), "Path": file_path}
    record(s, host, "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell", 4104, data)


def command(s: Scene, host: Host, name: str, payload: str, user: str, application: str = "powershell.exe") -> None:
    """A command PowerShell ran (4103)."""
    context = (
        f"        Severity = Informational\n        Host Name = ConsoleHost\n        Host Version = 5.1.19041.4522\n"
        f"        Host Application = {application}\n        Engine Version = 5.1.19041.4522\n"
        f"        Command Name = {name}\n        Command Type = Cmdlet\n        User = {user}\n"
        f"        Shell ID = Microsoft.PowerShell\n"
    )
    data: dict[str, str | None] = {"ContextInfo": context, "UserData": None, "Payload": payload}
    record(s, host, "Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell", 4103, data)


def service(
    s: Scene, host: Host, name: str, image: str, account: str = "LocalSystem", start_type: str = "demand start"
) -> None:
    """A service installed (System 7045)."""
    data: dict[str, str | None] = {"ServiceName": name, "ImagePath": image, "ServiceType": "user mode service"}
    record(s, host, "System", "Service Control Manager", 7045, data | {"StartType": start_type, "AccountName": account})


def service_state(s: Scene, host: Host, name: str, state: str) -> None:
    """A service entered a state (System 7036)."""
    record(s, host, "System", "Service Control Manager", 7036, {"param1": name, "param2": state})


def task(s: Scene, host: Host, code: int, name: str, user: str, action: str = "") -> None:
    """A scheduled task registered (106), started (129, 200) or done (102, 201)."""
    data: dict[str, str | None] = {"TaskName": name, "UserContext": user, "InstanceId": guid(s)}
    if action:
        data |= {"ActionName": action, "Path": action}
    record(s, host, "Microsoft-Windows-TaskScheduler/Operational", "Microsoft-Windows-TaskScheduler", code, data)


def defender(s: Scene, host: Host, code: int, data: dict[str, str | None]) -> None:
    """A Defender record."""
    head: dict[str, str | None] = {"Product Name": "Microsoft Defender Antivirus", "Product Version": "4.18.26090.9"}
    channel = "Microsoft-Windows-Windows Defender/Operational"
    record(s, host, channel, "Microsoft-Windows-Windows Defender", code, head | data)
