"""The rules of a centre: those shipped, its own, and the filters that tuning wrote, each for its place alone.

    DIR/rules/own/                                  the centre's own and community rules
    DIR/rules/filters/<zone>/_all/<id>.yml          holds for every constituent of the zone
    DIR/rules/filters/<zone>/<constituent>/<id>.yml holds for one

A filter is written by people of a place, and must never silence another place's events: whoever runs rules loads, for
the events of one inbox, the paths that `paths` gives for it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.conf import settings

import kulla
from kulla.centre.vault.keyring import synced
from kulla.detect.rule import Correlation, Filter, Rule
from kulla.detect.sigma import parse
from kulla.errors import OutputError
from kulla.hunt.rulebook import read_texts

EVERYBODY: Final = "_all"
_ID: Final = re.compile(r"^\s*id:\s*['\"]?([^\s'\"#]+)", re.MULTILINE)
_NAME: Final = re.compile(
    r"^(?:name|title):[ \t]*(?:'((?:[^'\n]|'')*)'|\"([^\"\n]*)\"|([^\n]*?))[ \t]*(?:[ \t]#.*)?$", re.MULTILINE
)
_FILTER: Final = re.compile(r"^filter:", re.MULTILINE)
_LOOK: Final = 5.0
"""Seconds for which the folders count as looked at."""


def folder() -> Path | None:
    """DIR/rules of the centre that is served; None when none is."""
    return settings.CENTRE / "rules" if settings.CENTRE else None


def shipped() -> list[str]:
    """Where the rules lie that come with Kulla: the paths of KULLA_RULES, else rules/ beside the package."""
    told = [path for path in os.environ.get("KULLA_RULES", "").split(os.pathsep) if path]
    beside = Path(kulla.__file__).resolve().parents[2] / "rules"
    return told or ([str(beside)] if beside.is_dir() else [])


def paths(zone: str, constituent: str) -> list[str]:
    """What to load for the events of one constituent: files and folders that are there."""
    return [*_common(), *(str(each) for each in _filters(zone, constituent) if each.is_dir())]


def _common() -> list[str]:
    own = folder()
    return [*shipped(), *([str(own / "own")] if own and (own / "own").is_dir() else [])]


def _filters(zone: str, constituent: str) -> Iterator[Path]:
    own = folder()
    if own:
        yield own / "filters" / zone / EVERYBODY
        if constituent:
            yield own / "filters" / zone / constituent


def stamp() -> tuple[int, int]:
    """(files, newest change in ns) of all rules: another value means that rules must be loaded anew."""
    own = folder()
    count, newest = 0, 0
    for top in [*shipped(), *([str(own)] if own else [])]:
        for at, _, names in os.walk(top):
            for name in names:
                if name.endswith((".yml", ".yaml")):
                    count, newest = count + 1, max(newest, os.stat(os.path.join(at, name)).st_mtime_ns)
    return count, newest


@dataclass(frozen=True, slots=True)
class Known:
    """A rule by its id: the rule, and the text of its file."""

    rule: Rule | Correlation
    text: str


@dataclass(frozen=True, slots=True)
class File:
    """A file of rules: its number in the order in which they are loaded, path and text."""

    number: int
    path: str
    text: str


class _Index:
    """Rule id, name or title → its files, looked through anew when a file changed."""

    def __init__(self) -> None:
        self._looked, self._stamp = 0.0, (-1, -1, 0)
        self._texts: dict[str, tuple[str, str]] = {}
        self._known: dict[str, Known | None] = {}
        self._named: dict[str, dict[str, File]] = {}
        self._filters: list[tuple[str, str]] = []

    def find(self, wanted: str) -> Known | None:
        self._look()
        if wanted not in self._known:
            self._known[wanted] = self._parsed(wanted)
        return self._known[wanted]

    def _look(self) -> None:
        now = time.monotonic()
        if self._texts and now - self._looked < _LOOK:
            return
        self._looked, stamped = now, (*stamp(), hash(tuple(_common())))
        if stamped != self._stamp:
            self._stamp, self._known = stamped, {}
            self._fill()

    def _fill(self) -> None:
        self._texts, self._named, self._filters = {}, {}, []
        for number, (path, text) in enumerate(read_texts(_common())):
            file, ids = File(number, path, text), _ID.findall(text)
            for found in ids:
                self._texts.setdefault(found, (path, text))
            for name in (*ids, *(a.replace("''", "'") or b or c for a, b, c in _NAME.findall(text))):
                self._named.setdefault(name, {})[path] = file
            if _FILTER.search(text):
                self._filters.append((path, text))

    def named(self, reference: str) -> list[File]:
        self._look()
        return list(self._named.get(reference, {}).values())

    def filters(self) -> list[tuple[str, str]]:
        self._look()
        return list(self._filters)

    def _parsed(self, wanted: str) -> Known | None:
        if wanted not in self._texts:
            return None
        path, text = self._texts[wanted]
        for document in parse(path, text).documents:
            if document.meta.id == wanted and not isinstance(document, Filter):
                return Known(document, text)
        return None


_index = _Index()


def find(rule_id: str) -> Known | None:
    """The rule of that id; None when it is in no folder of this centre (any more)."""
    return _index.find(rule_id) if rule_id else None


def named(reference: str) -> list[File]:
    """The files that may hold the rule a correlation refers to by id, name or title, in the order of loading."""
    return _index.named(reference)


def filters(zone: str, constituent: str) -> list[tuple[str, str]]:
    """(path, text) of the filters that hold for a place, in the order of loading."""
    return [*_index.filters(), *read_texts([str(each) for each in _filters(zone, constituent) if each.is_dir()])]


def filter_path(zone: str, constituent: str, uid: str) -> Path:
    """Where a filter of that place lies. Raises OutputError when no centre is served."""
    own = folder()
    if own is None:
        raise OutputError("no centre is served: there is no folder for rules")
    return own / "filters" / zone / (constituent or EVERYBODY) / f"{uid}.yml"


def write(path: Path, text: str) -> None:
    """Write a rule, whole or not at all, for the centre's user alone. Raises OutputError."""
    waiting = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        waiting.replace(path)
        synced(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written: {error.strerror}") from error


def remove(path: Path) -> None:
    """Take a rule away; one that is gone already is no fault. Raises OutputError."""
    try:
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            synced(path.parent)
    except OSError as error:
        raise OutputError(f"{path}: cannot be removed: {error.strerror}") from error
