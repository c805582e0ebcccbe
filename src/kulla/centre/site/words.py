"""The console's words for what code, files and messages call by a name: kinds, phases, roles, documents, tactics.

One table, since one name means one thing throughout. A name that is not in it is somebody's own word and
stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy as _p

from kulla.centre.law.jurisdiction import shipped
from kulla.centre.law.rsit import types

KINDS: Final[Mapping[str, Promise | str]] = {
    "address": _p("kind", "address"), "domain": _p("kind", "domain"), "url": "URL", "host": _p("kind", "host"),
    "account": _p("kind", "account"), "mail": _p("kind", "mail"), "file": _p("kind", "file"), "md5": "MD5",
    "sha1": "SHA-1", "sha256": "SHA-256", "process": _p("kind", "process"), "registry": _p("kind", "registry key"),
    "vulnerability": _p("kind", "vulnerability"), "other": _p("kind", "other"),
}  # fmt: skip
"""Of observables."""
PARTIES: Final[Mapping[str, Promise]] = {
    "entity": _p("party", "entity"), "centre": _p("party", "centre"), "controller": _p("party", "controller"),
    "processor": _p("party", "processor"), "trust_service": _p("party", "trust service provider"),
}  # fmt: skip
"""Who bears duties, and what they may be that changes them."""
DOCUMENTS: Final[Mapping[str, Promise]] = {
    "early_warning": _("early warning"), "notification": _("notification"), "progress_report": _("progress report"),
    "final_report": _("final report"), "answer": _("answer"), "dpa_notice": _("dpa notice"),
    "letter_to_persons": _("letter to persons"), "notice_to_controller": _("notice to controller"),
    "public_communication": _("public communication"), "handled": _("handled"), "high_risk": _("high risk"),
    "receipt": _("receipt"), "question": _("question"), "closing": _("closing"),
}  # fmt: skip
"""What is sent, and what is decided before."""
DECIDED: Final[Mapping[str, Promise]] = {
    "aware": _p("decision", "aware"), "sent": _p("decision", "sent"), "received": _p("decision", "received"),
    "decided": _p("decision", "decided"), "void": _p("decision", "void"),
    "withdrawn": _p("decision", "withdrawn"),
}  # fmt: skip
PHASES: Final[Mapping[str, Promise]] = {
    "triage": _p("phase", "triage"), "preserve": _p("phase", "preserve"), "contain": _p("phase", "contain"),
    "notify": _p("phase", "notify"), "eradicate": _p("phase", "eradicate"), "recover": _p("phase", "recover"),
    "learn": _p("phase", "learn"),
}  # fmt: skip
ROLES: Final[Mapping[str, Promise]] = {
    "analyst": _p("role", "analyst"), "case_officer": _p("role", "case officer"), "director": _p("role", "director"),
    "register_owner": _p("role", "register owner"), "liaison": _p("role", "liaison"),
    "duty_officer": _p("role", "duty officer"), "entity_it": _p("role", "the entity's IT"),
    "entity_management": _p("role", "the entity's management"), "dpo": _p("role", "data protection officer"),
    "dpa": _p("role", "data protection authority"), "police": _p("role", "police"),
    "prosecutor": _p("role", "prosecutor"), "provider": _p("role", "provider"), "bank": _p("role", "bank"),
    "allies": _p("role", "allies"), "press": _p("role", "press"),
}  # fmt: skip
"""Who does a task of a playbook, and whom to call."""
IMPACTS: Final[Mapping[str, Promise]] = {
    "none": _p("impact", "none"), "minor": _p("impact", "minor"), "large": _p("impact", "large"),
    "very_large": _p("impact", "very large"),
}  # fmt: skip
CUSTODY: Final[Mapping[str, Promise]] = {
    "intake": _p("custody", "taken in"), "viewed": _p("custody", "viewed"), "exported": _p("custody", "exported"),
    "transferred": _p("custody", "transferred"), "sealed": _p("custody", "sealed"),
    "released": _p("custody", "released"), "disposed": _p("custody", "disposed of"),
}  # fmt: skip
ZONES: Final[Mapping[str, Promise]] = {
    "civil": _p("zone", "civil"), "military": _p("zone", "military"), "joint": _p("zone", "joint"),
}  # fmt: skip
SCOPES: Final[Mapping[str, Promise]] = {
    "alerts": _p("scope", "alerts"), "cases": _p("scope", "cases"), "events": _p("scope", "events"),
    "evidence": _p("scope", "evidence"), "registers": _p("scope", "registers"),
    "situation": _p("scope", "situation"), "traces": _p("scope", "traces"), "write": _p("scope", "write"),
}  # fmt: skip
"""What a token may reach."""
TIMES: Final[Mapping[str, Promise]] = {
    "exact": _p("time", "exact"), "zone assumed": _p("time", "zone assumed"),
    "year assumed": _p("time", "year assumed"), "missing": _p("time", "missing"),
}  # fmt: skip
"""How well the time of an event is known."""
COPIES: Final[Mapping[str, Promise]] = {
    "replica": _p("copy", "replica"), "backup": _p("copy", "backup"), "test": _p("copy", "test"),
    "warehouse": _p("copy", "warehouse"),
}  # fmt: skip
TACTICS: Final[Mapping[str, Promise]] = {
    "reconnaissance": _p("tactic", "reconnaissance"), "resource-development": _p("tactic", "resource-development"),
    "initial-access": _p("tactic", "initial-access"), "execution": _p("tactic", "execution"),
    "persistence": _p("tactic", "persistence"), "privilege-escalation": _p("tactic", "privilege-escalation"),
    "defense-evasion": _p("tactic", "defense-evasion"), "credential-access": _p("tactic", "credential-access"),
    "discovery": _p("tactic", "discovery"), "lateral-movement": _p("tactic", "lateral-movement"),
    "collection": _p("tactic", "collection"), "command-and-control": _p("tactic", "command-and-control"),
    "exfiltration": _p("tactic", "exfiltration"), "impact": _p("tactic", "impact"),
}  # fmt: skip
"""Of ATT&CK."""

WORDS: Final[Mapping[str, Promise | str]] = {
    **KINDS, **PARTIES, **DOCUMENTS, **DECIDED, **PHASES, **ROLES, **IMPACTS, **CUSTODY, **ZONES, **SCOPES, **TIMES,
    **COPIES, **TACTICS, "en": "English", "sq": "Shqip",
}  # fmt: skip


def word(name: str) -> str:
    """The word for a name, in the reader's language; of names with commas between them, for each."""
    return ", ".join(str(WORDS.get(each, each)) for each in name.split(", "))


def choices(*names: str) -> list[tuple[str, Promise | str]]:
    """(name, its word) for a form: said in the language of whoever reads it."""
    return [(each, WORDS.get(each, each)) for each in names]


def spoken(texts: Mapping[str, str]) -> str:
    """The text in the reader's language, English when there is none."""
    return texts.get((get_language() or "en")[:2]) or texts.get("en", "")


def land(code: str) -> str:
    """A jurisdiction's name."""
    known = shipped().get(code)
    return spoken(known.name) if known else code


def under(subject: str, code: str) -> str:
    """What was decided under a jurisdiction: the name of its law or duty, else the word."""
    known = shipped().get(code)
    if known and subject in known.laws:
        return spoken(known.laws[subject].name)
    duties = {each.id: each for each in known.duties} if known and subject not in WORDS else {}
    return spoken(duties[subject].name) if subject in duties else word(subject)


def incident(type_id: str) -> str:
    """An RSIT type's name with its class."""
    known = types().get(type_id)
    return known.full_name((get_language() or "en")[:2]) if known else type_id
