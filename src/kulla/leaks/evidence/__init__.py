"""Evidence packages: signed, verifiable by bare commands; and time-stamps of an independent authority."""

from kulla.leaks.evidence.contents import Evidence, disclosure, full, intake_list, made_of, rerun
from kulla.leaks.evidence.intake import Intake, intake
from kulla.leaks.evidence.package import Content, Packed, write_package
from kulla.leaks.evidence.packages import KINDS, named, signing_key, write_packages
from kulla.leaks.evidence.signing import commitment, fingerprint_of
from kulla.leaks.evidence.statements import statements, statements_sha256
from kulla.leaks.evidence.timestamp import TimeStamp, request_for, verified

__all__ = [
    "KINDS",
    "Content",
    "Evidence",
    "Intake",
    "Packed",
    "TimeStamp",
    "commitment",
    "disclosure",
    "fingerprint_of",
    "full",
    "intake",
    "intake_list",
    "made_of",
    "named",
    "request_for",
    "rerun",
    "signing_key",
    "statements",
    "statements_sha256",
    "verified",
    "write_package",
    "write_packages",
]
