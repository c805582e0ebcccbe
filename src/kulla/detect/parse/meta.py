"""What every Sigma document says about itself: title, id, level, tags, dates."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from difflib import get_close_matches
from typing import get_args

from kulla.alert import LEVELS, Level
from kulla.detect.modifiers import scalar_text
from kulla.detect.problems import Problems
from kulla.detect.rule import Meta, Place, Status
from kulla.detect.yamlines import Map, Seq, Value
from kulla.events.logsource import Logsource

STATUSES: tuple[Status, ...] = get_args(Status)

KNOWN = frozenset({
    "title", "id", "name", "related", "taxonomy", "status", "description", "license", "author", "references", "date",
    "modified", "logsource", "detection", "fields", "falsepositives", "level", "tags", "scope", "correlation", "filter",
    "generate", "action",
})  # fmt: skip
"""The keys of Sigma 2.1; others are an author's own and kept as `Meta.custom`."""

_TAG = re.compile(r"[a-z0-9_-]+\.[a-z0-9._-]+\Z")
_DATE = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)\Z", re.ASCII)
_PART = re.compile(r"[a-z0-9_.\-]+\Z")
_MAX_TITLE = 256


def read_meta(document: Map, number: int, problems: Problems) -> Meta:
    """The document's meta data. What is wrong is reported; only a missing or empty title is fatal.

    `number` counts the documents of a file from 0, and tells apart those without id that share a title.
    """
    reader = _Reader(document, problems)
    title = reader.text("title")
    if not title:
        problems.error(document.line_of("title"), "the title is missing: add `title:` with a brief text")
    elif len(title) > _MAX_TITLE:
        reader.remark("title", f"the title has more than {_MAX_TITLE} characters: shorten it")
    identity = reader.text("id")
    name = f"kulla:{problems.path}:{title}" + (f":{number}" if number else "")
    return Meta(
        id=identity or str(uuid.uuid5(uuid.NAMESPACE_URL, name.encode("utf-8", "replace").decode())),
        title=title,
        place=Place(problems.path, document.line),
        name=reader.text("name") or None,
        status=_status(reader),
        level=_level(reader),
        description=reader.text("description"),
        author=reader.text("author"),
        license=reader.text("license") or None,
        references=reader.texts("references"),
        tags=_tags(reader),
        falsepositives=reader.texts("falsepositives"),
        fields=reader.texts("fields"),
        date=_date(reader, "date"),
        modified=_date(reader, "modified"),
        custom=_custom(reader),
    )


def read_logsource(document: Map, problems: Problems) -> Logsource | None:
    """The logsource, or None after reporting why there is none."""
    section = document.get("logsource")
    line = document.line_of("logsource")
    if not isinstance(section, Map):
        problems.error(line, "the logsource is missing: add `logsource:` with product, category or service")
        return None
    parts: dict[str, str] = {}
    for key in ("product", "category", "service"):
        value = section.get(key)
        if value is None:
            continue
        if isinstance(value, Map | Seq):
            problems.error(section.line_of(key), f"`{key}` of the logsource must be text")
            return None
        parts[key] = scalar_text(value).strip().lower()
        if not _PART.match(parts[key]):
            problems.remark(section.line_of(key), f"`{key}` of the logsource has odd characters", "logsource")
    if not any(parts.values()):
        problems.error(line, "the logsource says nothing: add product, category or service")
        return None
    return Logsource(parts.get("product"), parts.get("category"), parts.get("service"))


class _Reader:
    """Typed access to a document's values; what has the wrong type is reported and left out."""

    def __init__(self, document: Map, problems: Problems) -> None:
        self.document = document
        self.problems = problems

    def remark(self, key: str, message: str) -> None:
        self.problems.remark(self.document.line_of(key), message, key)

    def text(self, key: str) -> str:
        value = self.document.get(key)
        if value is None:
            return ""
        if isinstance(value, Map | Seq):
            self.remark(key, f"`{key}` must be text: it is left out")
            return ""
        return scalar_text(value).strip()

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.document.get(key)
        if value is None:
            return ()
        if isinstance(value, Map):
            self.remark(key, f"`{key}` must be a list of texts: it is left out")
            return ()
        items = list(value) if isinstance(value, Seq) else [value]
        kept = [scalar_text(item) for item in items if not isinstance(item, Map | Seq) and item is not None]
        if len(kept) < len(items):
            self.remark(key, f"`{key}` must be a list of texts: what is not text is left out")
        return tuple(kept)


def _status(reader: _Reader) -> Status | None:
    written = reader.text("status").lower()
    for status in STATUSES:
        if written == status:
            return status
    if written:
        reader.remark("status", f"`{written[:40]}` is no status: use {', '.join(STATUSES)}")
    return None


def _level(reader: _Reader) -> Level:
    written = reader.text("level").lower()
    for level in LEVELS:
        if written == level:
            return level
    if written:
        reader.remark("level", f"`{written[:40]}` is no level, medium is assumed: use {', '.join(LEVELS)}")
    return "medium"


def _tags(reader: _Reader) -> tuple[str, ...]:
    tags = reader.texts("tags")
    for tag in tags:
        if not _TAG.match(tag):
            reader.remark("tags", f"the tag `{tag[:60]}` has the wrong form: write namespace.name in lower case")
    return tags


def _date(reader: _Reader, key: str) -> dt.date | None:
    written = reader.text(key)
    match = _DATE.match(written)
    try:
        date = dt.date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        date = None
    if written and (date is None or written != date.isoformat()):
        reader.remark(key, f"`{key}` must be a date as YYYY-MM-DD" + ("" if date else ": it is left out"))
    return date


def _plain(value: Value) -> object:
    """The value without its lines."""
    if isinstance(value, Map):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, Seq) else value


def _custom(reader: _Reader) -> dict[str, object]:
    custom: dict[str, object] = {}
    for key, value in reader.document.items():
        if key in KNOWN:
            continue
        custom[key] = _plain(value)
        near = get_close_matches(key, KNOWN, 1, 0.8)
        if near:
            reader.problems.remark(
                reader.document.line_of(key), f"unknown key `{key[:40]}`: do you mean `{near[0]}`?", "unknown-key"
            )
    return custom
