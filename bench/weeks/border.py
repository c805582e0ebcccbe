"""The border: Zeek's conn, dns and http logs, and a little CloudTrail of the ministry's storage account."""

from __future__ import annotations

import orjson

from bench.weeks.clock import FLAT, OFFICE, PUBLIC, SECOND, Cron, Rate, iso
from bench.weeks.estate import IIS, JUMP, MAIL, WEB, inside, outside
from bench.weeks.scene import HEADERS, Habit, Scene

CLOUD = "cloud/cloudtrail.json"
_CONN = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts resp_pkts"
_DNS = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z answers TTLs rejected"
_HTTP = "ts uid id.orig_h id.orig_p id.resp_h id.resp_p trans_depth method host uri referrer version user_agent request_body_len response_body_len status_code status_msg"
_KINDS = {
    "ts": "time",
    "id.orig_h": "addr",
    "id.resp_h": "addr",
    "id.orig_p": "port",
    "id.resp_p": "port",
    "proto": "enum",
    "duration": "interval",
}
for _name, _fields in (("conn", _CONN), ("dns", _DNS), ("http", _HTTP)):
    _names = _fields.split()
    HEADERS[f"zeek/{_name}.log"] = (
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
        f"#path\t{_name}\n#open\t2026-11-09-00-00-00\n#fields\t"
        + "\t".join(_names)
        + "\n#types\t"
        + "\t".join(_KINDS.get(n, "string") for n in _names)
        + "\n"
    ).encode()

_SITES = (
    "www.google.com",
    "outlook.office365.com",
    "e-albania.example",
    "update.microsoft.com",
    "clients4.google.com",
    "api.github.com",
    "www.facebook.com",
    "cdn.jsdelivr.net",
    "wpad.ministria.example",
    "_ldap._tcp.dc01.ministria.example",
    "time.windows.com",
    "telemetry.mozilla.org",
    "web.whatsapp.com",
    "dropbox.com",
    "gist.githubusercontent.com",
    "4f2a91.akamaiedge.net",
    "api.telegram.org",
    "pastebin.com",
    "detectportal.firefox.com",
    "lajme.top",
    "reklama.xyz",
    "statistika.tk",
)


def _row(s: Scene, name: str, *values: object) -> None:
    uid = f"C{s.rng.getrandbits(80):x}"
    s.write(f"zeek/{name}.log", "\t".join((f"{s.time / SECOND:.6f}", uid, *map(str, values))))


def conn(
    s: Scene, source: str, to: str, port: int, service: str, sent: int, got: int, state: str = "SF", took: float = 1.0
) -> None:
    """A connection of the border."""
    inward = "T" if to.startswith("10.") else "F"
    outward = "T" if source.startswith("10.") else "F"
    packets = (sent // 1200 + 3, got // 1200 + 3)
    _row(
        s,
        "conn",
        source,
        s.rng.randrange(32768, 65000),
        to,
        port,
        "tcp",
        service,
        f"{took:.6f}",
        sent,
        got,
        state,
        outward,
        inward,
        0,
        "ShADadFf",
        *packets,
    )


def dns(s: Scene, client: str, name: str, answer: str) -> None:
    """A name asked of the controller; some do not exist."""
    kind, number = s.rng.choice((("A", 1), ("A", 1), ("AAAA", 28), ("HTTPS", 65)))
    found = s.rng.random() < 0.7
    result = (0, "NOERROR") if found else (3, "NXDOMAIN")
    port, trans, rtt = s.rng.randrange(32768, 65000), s.rng.randrange(65535), f"{s.rng.uniform(0.0005, 0.08):.6f}"
    asked = (client, port, "10.10.0.10", 53, "udp", trans, rtt, name, 1, "C_INTERNET", number, kind)
    _row(
        s, "dns", *asked, *result, "F", "F", "T", "T", 0, answer if found else "-", "300.000000" if found else "-", "F"
    )


def surf(s: Scene) -> None:
    """A workstation asks and gets."""
    client, site = inside(s.rng), s.rng.choice(_SITES)
    answer = outside(s.rng)
    dns(s, client, site, answer)
    s.wait(0.1)
    conn(
        s,
        client,
        answer,
        443,
        "ssl",
        s.rng.randrange(500, 90_000),
        s.rng.randrange(1000, 4_000_000),
        took=s.rng.uniform(0.1, 90),
    )


def plain_http(s: Scene) -> None:
    """What still goes unencrypted: updates, certificates' status, captive portals, printers."""
    client = inside(s.rng)
    method, host, uri, agent = s.rng.choice(
        (
            (
                "GET",
                "ctldl.windowsupdate.com",
                "/msdownload/update/v3/static/trustedr/en/authrootstl.cab?1a2b",
                "Microsoft-CryptoAPI/10.0",
            ),
            ("GET", "ocsp.digicert.com", "/MFEwTzBNMEswSTAJBgUrDgMCGgUABBQ", "Microsoft-CryptoAPI/10.0"),
            ("HEAD", "edgedl.me.gvt1.com", "/edgedl/release2/chrome_component/crx3", "Microsoft BITS/7.8"),
            ("GET", "www.msftconnecttest.com", "/connecttest.txt", "Microsoft NCSI"),
            ("GET", "wpad.ministria.example", "/wpad.dat", "WinHttp-Autoproxy-Service/5.1"),
            ("GET", "deb.debian.org", "/debian/dists/bookworm/InRelease", "Debian APT-HTTP/1.3 (2.6.1)"),
            ("GET", "shkarkime.example", "/zyra-3.4.1.exe", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"),
            ("POST", "cups.ministria.example", "/printers/HP-Kati2", "CUPS/2.4.2 IPP/2.0"),
        )
    )
    _row(
        s,
        "http",
        client,
        s.rng.randrange(32768, 65000),
        outside(s.rng),
        80,
        1,
        method,
        host,
        uri,
        "-",
        "1.1",
        agent,
        0,
        s.rng.randrange(200, 90000),
        200,
        "OK",
    )


def inbound(s: Scene) -> None:
    """The internet comes to the portals, the mail and the jump host; much of it is scanning."""
    to, port, service = s.rng.choice(
        (
            (WEB, 443, "ssl"),
            (WEB, 443, "ssl"),
            (WEB, 80, "http"),
            (IIS, 443, "ssl"),
            (MAIL, 25, "smtp"),
            (JUMP, 22, "ssh"),
        )
    )
    if s.rng.random() < 0.3:
        conn(
            s,
            outside(s.rng),
            to.address,
            s.rng.choice((23, 445, 3389, 8080, 5432, 6379, 22, 8443, 3306)),
            "-",
            0,
            0,
            s.rng.choice(("S0", "REJ")),
        )
        return
    conn(
        s,
        outside(s.rng),
        to.address,
        port,
        service,
        s.rng.randrange(400, 40000),
        s.rng.randrange(900, 900000),
        took=s.rng.uniform(0.05, 40),
    )


def replicate(s: Scene) -> None:
    """Backups leave for the second site, at night, tens of gigabytes."""
    conn(s, "10.10.0.40", "203.0.113.200", 2500, "ssl", s.rng.randrange(10**9, 6 * 10**9), 10**6, took=1500.0)


def cloud(
    s: Scene,
    who: str,
    name: str,
    source: str,
    address: str,
    request: dict[str, object] | None,
    agent: str = "aws-cli/2.17.0",
) -> None:
    """An AWS call."""
    arn = f"arn:aws:iam::111122223333:user/{who}"
    identity = {
        "type": "IAMUser",
        "principalId": "AIDAEXAMPLE",
        "arn": arn,
        "accountId": "111122223333",
        "userName": who,
    }
    s.write(
        CLOUD,
        orjson.dumps(
            {
                "eventVersion": "1.09",
                "userIdentity": identity,
                "eventTime": iso(s.time, 0).replace(".Z", "Z"),
                "eventSource": source,
                "eventName": name,
                "awsRegion": "eu-south-1",
                "sourceIPAddress": address,
                "userAgent": agent,
                "requestParameters": request,
                "responseElements": None,
                "requestID": f"{s.rng.getrandbits(64):x}",
                "eventID": f"{s.rng.getrandbits(64):x}",
                "readOnly": name.startswith(("Get", "List", "Describe")),
                "eventType": "AwsApiCall",
                "managementEvent": True,
                "recipientAccountId": "111122223333",
                "eventCategory": "Management",
            }
        ),
    )


def cloud_day(s: Scene) -> None:
    """Inventory, copies of backups, an administrator in the console."""
    name, source, who = s.rng.choice(
        (
            ("DescribeInstances", "ec2.amazonaws.com", "monitor"),
            ("ListBuckets", "s3.amazonaws.com", "monitor"),
            ("GetBucketAcl", "s3.amazonaws.com", "monitor"),
            ("PutObject", "s3.amazonaws.com", "kopje"),
            ("AssumeRole", "sts.amazonaws.com", "kopje"),
            ("ConsoleLogin", "signin.amazonaws.com", "valmir"),
            ("GetCallerIdentity", "sts.amazonaws.com", "valmir"),
            ("DescribeTrails", "cloudtrail.amazonaws.com", "monitor"),
        )
    )
    cloud(s, who, name, source, "198.51.100.20", {"bucketName": "ministria-kopje"} if source.startswith("s3") else None)


HABITS = (
    Habit("border.surf", Rate(70000, OFFICE), surf),
    Habit("border.http", Rate(14000, OFFICE), plain_http),
    Habit("border.inbound", Rate(60000, PUBLIC), inbound),
    Habit("border.replicate", Cron((50,), (2,), once=True), replicate),
    Habit("border.cloud", Rate(2500, FLAT), cloud_day),
)
