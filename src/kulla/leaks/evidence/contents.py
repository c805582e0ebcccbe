"""What lies in each kind of package: for the court, for disclosure to a party, for an expert's re-run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kulla.leaks.evidence.package import Content, blocks
from kulla.leaks.evidence.readme import compare, procedure, readme
from kulla.leaks.evidence.redact import Redactor
from kulla.leaks.evidence.signing import redaction_key
from kulla.leaks.evidence.statements import statements
from kulla.leaks.report import ARTICLES, LANGUAGES, Stamp, html_report, notice, pdf_report
from kulla.leaks.trace import Trace

REDACTIONS: Final = "redactions.json"
INTAKE: Final = "timestamp/intake.sha256"
"""Where the stamped list of the leaked files' hashes lies; `sha256sum -c` form, places as in the full package."""
_MISSING: Final = Stamp("missing")
_PRETTY: Final = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


@dataclass(frozen=True, slots=True)
class Evidence:
    """What packages are made from.

    Attributes:
        inputs: the leaked files, in the order of trace.inputs; empty when they may not be passed on.
        request, response: of the time-stamp over `intake_list`; empty when there is none.
        stamp: the state of the time-stamp, as the report tells it.
        attachments: more evidence by its place below `attachments/`: runs of this leak, seals and countersigned heads.
        lock: the lock file of Kulla's libraries, for the re-run.
        commitments: label → commitment (`signing.commitment`) of each key that the run used; never a key.
    """

    trace: Trace
    inputs: tuple[Path, ...] = ()
    request: bytes = b""
    response: bytes = b""
    stamp: Stamp = _MISSING
    attachments: Mapping[str, Content] = field(default_factory=dict)
    lock: bytes = b""
    commitments: Mapping[str, str] = field(default_factory=dict)


def intake_list(sha256: Sequence[str]) -> bytes:
    """The list that is stamped at intake: the leaked files' hashes in order, at their places in the full package.

    >>> intake_list(["ab" * 32]).decode().split()[1]
    'inputs/01'
    """
    return "".join(f"{each}  {_place(at)}\n" for at, each in enumerate(sha256)).encode()


def full(evidence: Evidence, key: Ed25519PrivateKey) -> dict[str, Content]:
    """Everything: for the court. Holds the leaked files, and what resolves the disclosure's redactions."""
    found: dict[str, Content] = {"README.txt": readme("full"), **_core(evidence, evidence.trace)}
    found |= {
        f"notices/article{article}.{language}.txt": notice(evidence.trace, article, language, "txt")
        for article in ARTICLES
        for language in LANGUAGES
    }
    found |= {_place(at): path for at, path in enumerate(evidence.inputs)}
    found |= {f"attachments/{name}": content for name, content in evidence.attachments.items()}
    redactor = Redactor(redaction_key(key, evidence.trace.leak), ())
    redactor.trace(evidence.trace)
    salts = {name: redactor.salt(f"file {name}") for name in found}
    found[REDACTIONS] = _json({"names": redactor.table(), "files": salts})
    return found


def disclosure(evidence: Evidence, key: Ed25519PrivateKey, keep: Collection[str]) -> dict[str, Content]:
    """For a party: persons other than those of the accounts kept are redacted; hashes of what is left out are kept.

    The hashes are salted: a party knows all of trace.json but a few names, and could try names against a plain one.
    """
    redactor = Redactor(redaction_key(key, evidence.trace.leak), keep)
    found: dict[str, Content] = {"README.txt": readme("disclosure"), **_core(evidence, redactor.trace(evidence.trace))}
    whole = full(evidence, key)
    left = [name for name in sorted(whole) if name != REDACTIONS and found.get(name) != whole[name]]
    withheld = {name: _sha256(redactor.salt(f"file {name}").encode(), whole[name]) for name in left}
    withheld[REDACTIONS] = _sha256(b"", whole[REDACTIONS])  # it is made of salts: nobody guesses it
    found["withheld.json"] = _json(withheld)
    return found


def rerun(evidence: Evidence) -> dict[str, Content]:
    """For an expert, who repeats the run at the owner's site: all that it depends on, and what it must find."""
    trace = evidence.trace
    registers = [
        {
            "name": used.name, "owner": used.owner, "key_id": used.key_id, "epoch": used.epoch,
            "history_from": used.history_from, "history_to": used.history_to, "imprint_sha256": used.imprint_sha256,
            "reads_sha256": used.reads_sha256, "reads": used.reads,
        }
        for used in trace.registers
    ]  # fmt: skip
    margins = [{"piece": each["piece"], **each["margin"]} for each in trace.attributions]
    told = statements(trace)
    calibrations = {
        f"calibration/{name.partition('/')[0]}.json": content
        for name, content in evidence.attachments.items()
        if name.endswith("/calibration.json")
    }
    return calibrations | {
        "README.txt": readme("rerun"),
        "PROCEDURE.txt": procedure(trace),
        "compare.py": compare(),
        "requirements.lock": evidence.lock,
        "parameters.json": _json({"kulla": trace.kulla, "parameters": trace.parameters, "calibrations": margins}),
        "registers.json": _json(registers),
        "keys.json": _json({"commitments": dict(evidence.commitments)}),
        "inputs.sha256": intake_list([one.sha256 for one in trace.inputs]),
        "expected/statements.json": told,
        "expected/statements.sha256": f"{hashlib.sha256(told).hexdigest()}  statements.json\n".encode(),
    }


def made_of(trace: Trace) -> int:
    """The date that a package bears: the trace's, in seconds since 1970."""
    return int(datetime.fromisoformat(trace.made).timestamp())


def _core(evidence: Evidence, trace: Trace) -> dict[str, Content]:
    """Trace, reports, and the time-stamp."""
    found: dict[str, Content] = {"trace.json": trace.json(), "statements.json": statements(trace)}
    for language in LANGUAGES:
        found[f"report/report.{language}.html"] = html_report(trace, language, "court", evidence.stamp)
        found[f"report/report.{language}.pdf"] = pdf_report(trace, language, "court", evidence.stamp)
    found[INTAKE] = intake_list([one.sha256 for one in trace.inputs])
    if evidence.request:
        found["timestamp/request.tsq"] = evidence.request
    if evidence.response:
        found["timestamp/response.tsr"] = evidence.response
    return found


def _place(at: int) -> str:
    return f"inputs/{at + 1:02}"


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=_PRETTY)


def _sha256(salt: bytes, content: Content) -> str:
    digest = hashlib.sha256(salt)
    for block in blocks(content):
        digest.update(block)
    return digest.hexdigest()
