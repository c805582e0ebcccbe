"""Lints of what a document says about itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kulla.detect import attack
from kulla.detect.lints._api import Remarks, Subject
from kulla.detect.rule import Filter, Rule

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)
_TECHNIQUE = re.compile(r"t\d{4}(\.\d{3})?\Z")
_OTHER_ATTACK = re.compile(r"[gs]\d{4}\Z")
NAMESPACES = frozenset({"attack", "car", "cve", "d3fend", "detection", "stp", "tlp"})
"""The namespaces of the specification's appendix on tags."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A key that a rule should have."""

    key: str
    advice: str
    filters_too: bool = False

    @property
    def name(self) -> str:
        return f"missing-{self.key}"

    def look(self, subject: Subject) -> Remarks:
        asked = self.filters_too or not isinstance(subject.loaded, Filter)
        if asked and subject.document.get(self.key) in (None, "", []):
            yield subject.document.line, f"`{self.key}` is missing: {self.advice}"


class IdForm:
    """An id that is not a UUID may meet another author's."""

    name = "id-form"

    def look(self, subject: Subject) -> Remarks:
        identity = subject.document.get("id")
        if identity is not None and not _UUID.match(str(identity)):
            yield subject.document.line_of("id"), "`id` is not a UUID: make one, and keep it for the rule's life"


class TitleLength:
    """A title that does not fit a table."""

    name = "title-length"
    most = 110

    def look(self, subject: Subject) -> Remarks:
        length = len(subject.loaded.meta.title)
        if length > self.most:
            yield subject.document.line_of("title"), f"the title has {length} characters: keep it under {self.most}"


class Deprecated:
    """A rule that its authors have given up."""

    name = "deprecated"

    def look(self, subject: Subject) -> Remarks:
        status = subject.loaded.meta.status
        if status in ("deprecated", "unsupported"):
            yield subject.document.line_of("status"), f"the rule is {status}: use what replaces it"


class TagNamespace:
    """A tag of no namespace that Sigma knows."""

    name = "tag-namespace"

    def look(self, subject: Subject) -> Remarks:
        for tag in subject.loaded.meta.tags:
            namespace, _, _ = tag.partition(".")
            if namespace not in NAMESPACES:
                known = ", ".join(sorted(NAMESPACES))
                yield subject.document.line_of("tags"), f"the tag `{tag[:60]}` has no known namespace: {known}"


class AttackTag:
    """A tag that names no tactic or technique of ATT&CK."""

    name = "attack-tag"

    def look(self, subject: Subject) -> Remarks:
        tactics = {*attack.tactics(), *attack.SINCE_RENAMED}
        for tag in subject.loaded.meta.tags:
            namespace, _, said = tag.partition(".")
            if namespace != "attack" or said in tactics or _OTHER_ATTACK.match(said):
                continue
            if _TECHNIQUE.match(said):
                if attack.technique(said) is None:
                    version = attack.attack().version
                    yield (
                        subject.document.line_of("tags"),
                        f"ATT&CK {version} has no technique {said.upper()}: mistyped, or newer",
                    )
            else:
                near = said.replace("_", "-")
                advice = f"write attack.{near}" if near in tactics else "write attack.t1059.001 or attack.execution"
                yield subject.document.line_of("tags"), f"the tag `{tag[:60]}` has the wrong form: {advice}"


class NoTechnique:
    """A rule without technique is missing from every ATT&CK matrix."""

    name = "no-technique"

    def look(self, subject: Subject) -> Remarks:
        loaded = subject.loaded
        if isinstance(loaded, Rule) and not any(tag.lower().startswith("attack.t") for tag in loaded.meta.tags):
            yield subject.document.line_of("tags"), "no tag names an ATT&CK technique: add one, such as attack.t1059"


class Modified:
    """A change that lies before the rule was written."""

    name = "dates"

    def look(self, subject: Subject) -> Remarks:
        meta = subject.loaded.meta
        if meta.date and meta.modified and meta.modified < meta.date:
            yield subject.document.line_of("modified"), "`modified` lies before `date`: correct one of them"
