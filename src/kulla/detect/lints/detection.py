"""Lints of a rule's detection."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kulla.detect.lints._api import Remarks, Subject
from kulla.detect.yamlines import Map, Seq, Value

_SIMPLE_REGEX = re.compile(r"(?:\.\*)?(?:[A-Za-z0-9 _/:;,=@%&<>\"'!#~-]|\\[.\\/-])+(?:\.\*)?\Z")
_ALL_OF = re.compile(r"\ball of (?!them\b)([\w-]+)(?=[\s)]|$)", re.IGNORECASE)


def items(subject: Subject) -> Iterator[tuple[str, tuple[str, ...], list[Value], int]]:
    """Every `field|modifiers: values` of a document's selections: field, modifiers, values, line."""
    section = subject.document.get("detection", subject.document.get("filter"))
    for name, selection in section.items() if isinstance(section, Map) else ():
        if name in ("condition", "timeframe", "rules"):
            continue
        for group in selection if isinstance(selection, Seq) else [selection]:
            if isinstance(group, Map):
                for key, value in group.items():
                    field, *modifiers = key.split("|")
                    values: list[Value] = list(value) if isinstance(value, Seq) else [value]
                    yield field, tuple(modifiers), values, group.line_of(key)


def _section_line(subject: Subject, key: str) -> int:
    section = subject.document.get("detection")
    return section.line_of(key) if isinstance(section, Map) else subject.document.line


class Unused:
    """A selection that the condition never asks."""

    name = "unused-selection"

    def look(self, subject: Subject) -> Remarks:
        detection = subject.detection
        for name in detection.selections if detection else ():
            if detection and name not in detection.used:
                yield _section_line(subject, name), f"the condition never uses `{name[:60]}`: use it, or remove it"


class AllOfOne:
    """`all of` or `1 of` with a name that has no wildcard."""

    name = "of-single"

    def look(self, subject: Subject) -> Remarks:
        match = _ALL_OF.search(subject.detection.condition) if subject.detection else None
        if match:
            yield _section_line(subject, "condition"), f"`all of {match[1]}` is one selection: write `{match[1]}`"


class AllWithOneValue:
    """`all` needs several values to mean anything."""

    name = "all-single"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            if "all" in modifiers and len(values) == 1:
                yield line, f"`{field}|all` has one value: remove `all`, or add values"


class OnlyWildcards:
    """A value made of wildcards says only that the field is there."""

    name = "only-wildcards"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            texts = [value for value in values if isinstance(value, str)]
            if "re" not in modifiers and any(text and not text.strip("*") for text in texts):
                yield line, f"`{field}` is compared with `*` alone: write `{field}|exists: true`"


class IdleWildcards:
    """Wildcards that the modifier puts there anyway."""

    name = "idle-wildcards"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            before = bool({"contains", "endswith"} & set(modifiers))
            after = bool({"contains", "startswith"} & set(modifiers))
            for text in values:
                if not isinstance(text, str) or not text.strip("*"):
                    continue
                trailing = text.endswith("*") and not text.endswith("\\*")
                if (before and text.startswith("*")) or (after and trailing):
                    yield line, f"`{field}`: the wildcard at the end of a value is idle under its modifier: remove it"
                    break


class DoubleWildcards:
    """`**` says no more than `*`."""

    name = "double-wildcards"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            texts = [value for value in values if isinstance(value, str) and "re" not in modifiers]
            if any("**" in text.replace("\\*", "") for text in texts):
                yield line, f"`{field}` has two wildcards `*` in a row: one is enough"


class PlainRegex:
    """An expression without any operator, which `contains` says faster and regardless of case."""

    name = "plain-regex"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            if "re" in modifiers and all(isinstance(text, str) and _SIMPLE_REGEX.match(text) for text in values):
                yield line, f"`{field}|re` looks for plain text: write `{field}|contains`, with `cased` if case matters"


class FieldName:
    """A field name with blanks at its ends matches no event."""

    name = "field-name"

    def look(self, subject: Subject) -> Remarks:
        for field, _, _, line in items(subject):
            if field != field.strip():
                yield line, f"the field name `{field[:60]}` has blanks at its ends: remove them"


class EmptyContains:
    """`contains ''` is true of every value."""

    name = "empty-contains"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            if "" in values and {"contains", "startswith", "endswith"} & set(modifiers):
                yield line, f"`{field}`: an empty text is part of every value; write `{field}|exists: true` if meant"


class RepeatedValue:
    """A value that stands twice in one list."""

    name = "repeated-value"

    def look(self, subject: Subject) -> Remarks:
        for field, modifiers, values, line in items(subject):
            cased = bool({"re", "cased", "base64", "base64offset"} & set(modifiers))
            texts = [str(value) if cased else str(value).lower() for value in values]
            if len(set(texts)) < len(texts):
                yield line, f"`{field}` has the same value twice: remove one"


class Timeframe:
    """`timeframe` belonged to the aggregations that correlation rules replace."""

    name = "timeframe"

    def look(self, subject: Subject) -> Remarks:
        section = subject.document.get("detection")
        if isinstance(section, Map) and "timeframe" in section:
            yield section.line_of("timeframe"), "`timeframe` has no effect: write a correlation rule"
