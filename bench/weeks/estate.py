"""The estate: an invented ministry's machines, people and networks. Addresses are 10.x inside, documentation ranges outside."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass

DOMAIN = "MINISTRIA"
DNS_DOMAIN = "ministria.example"
SID = "S-1-5-21-2718281828-3141592653-1618033988"


@dataclass(frozen=True, slots=True)
class Host:
    """A machine. `shape` is how its Windows records are shipped: flat (NXLog) or winlogbeat; empty when not Windows."""

    name: str
    address: str
    shape: str = ""
    server: bool = True

    @property
    def fqdn(self) -> str:
        return f"{self.name}.{DNS_DOMAIN}"


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the domain and the machine its owner sits at."""

    account: str
    rid: int
    host: Host

    @property
    def sid(self) -> str:
        return f"{SID}-{self.rid}"

    @property
    def user(self) -> str:
        return f"{DOMAIN}\\{self.account}"


DC = Host("DC01", "10.10.0.10", "flat")
FILES = Host("FS01", "10.10.0.20", "winlogbeat")
TERMINAL = Host("TS01", "10.10.0.30", "winlogbeat")
BACKUP = Host("BKP01", "10.10.0.40", "flat")
IIS = Host("IIS01", "10.10.1.20", "flat")
ADMIN1 = Host("ADM01", "10.10.5.11", "flat", server=False)
ADMIN2 = Host("ADM02", "10.10.5.12", "flat", server=False)
DEVELOPER = Host("DEV01", "10.10.7.5", "flat", server=False)
CLERK_PCS = tuple(Host(f"WS{100 + n}", f"10.10.6.{n}", "winlogbeat", server=False) for n in range(1, 61))
LOGGED_PCS = CLERK_PCS[:6]
"""Of the clerks' machines, so many send their logs."""
WEB = Host("web01", "10.10.1.10")
DB = Host("db01", "10.10.2.10")
APP = Host("app01", "10.10.1.30")
MAIL = Host("mail01", "10.10.1.40")
JUMP = Host("jmp01", "10.10.1.50")
MONITOR = Host("mon01", "10.10.3.5")
SCANNER = Host("scan01", "10.10.9.50")
SENSOR = Host("zeek01", "10.10.9.10")

SERVERS = (DC, FILES, TERMINAL, BACKUP, IIS)
WINDOWS = (*SERVERS, ADMIN1, ADMIN2, DEVELOPER, *LOGGED_PCS)
LINUX = (WEB, DB, APP, MAIL, JUMP)

_FIRST = [
    "arta",
    "besnik",
    "drita",
    "ermal",
    "flutura",
    "gezim",
    "hana",
    "ilir",
    "jonida",
    "kujtim",
    "liri",
    "mimoza",
    "nard",
    "orges",
    "pranvera",
    "qemal",
    "rudina",
    "saimir",
    "teuta",
    "uran",
]
_LAST = [
    "balliu",
    "cenaj",
    "dervishaj",
    "elezaj",
    "fundo",
    "gjikaj",
    "hysaj",
    "kapllanaj",
    "lamaj",
    "mataj",
    "ndreca",
    "prendaj",
]


def _clerks() -> tuple[Person, ...]:
    names = [f"{_FIRST[n % 20]}.{_LAST[(n * 5 + n // 20) % 12]}" for n in range(60)]
    return tuple(Person(name, 1200 + n, CLERK_PCS[n]) for n, name in enumerate(names))


CLERKS = _clerks()
ADMINS = (Person("adm.valmir.toska", 1110, ADMIN1), Person("adm.entela.rrapi", 1111, ADMIN2))
HELPDESK = Person("hd.blerim.sula", 1115, ADMIN2)
CODER = Person("endrit.zeka", 1190, DEVELOPER)
DBAS = (Person("dba.kastriot.mema", 1121, ADMIN2), Person("dba.lorena.shtylla", 1122, ADMIN1))
ANALYST = Person("analist.stat", 1130, CLERK_PCS[40])
SERVICES = ("svc_backup", "svc_zabbix", "svc_scan", "svc_sql", "svc_print", "svc_ansible", "svc_arkiva")
EXPIRED = "svc_arkiva"
"""Its password expired; an application server goes on trying once a minute, as such things do for months."""


def inside(rng: random.Random) -> str:
    """A clerk's address."""
    return CLERK_PCS[rng.randrange(60)].address


def outside(rng: random.Random) -> str:
    """An address on the internet."""
    return f"{rng.choice(('192.0.2', '198.51.100', '203.0.113'))}.{rng.randrange(1, 255)}"


def digest(text: str, size: int = 20) -> str:
    """A steady hash in upper-case hexadecimal that stands for a file's."""
    return hashlib.blake2b(text.lower().encode(), digest_size=size).hexdigest().upper()
