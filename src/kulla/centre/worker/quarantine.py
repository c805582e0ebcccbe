"""Whether a file holds a database log of a declared register, which must never reach the lake: it quotes the personal
values that were asked for. Runs in a confined child, on every stream of the file, before any event of it is kept.

A stream is taken for such a log when it names a declared register or its table, as a word, and bears the marks of a
database's log: one of PostgreSQL's or MySQL's formats, or pgaudit's lines inside another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kulla.errors import ConfigError
from kulla.events import sources
from kulla.events.formats import FORMATS
from kulla.events.sniff import choose
from kulla.events.sources import Opened, Source
from kulla.registers.manifest import Manifest, read_manifest
from kulla.settings import Settings

DATABASE_LOGS: Final = frozenset({"postgres_csvlog", "postgres_jsonlog", "postgres_stderr", "mysql"})
_AUDIT: Final = re.compile(rb"AUDIT: +(?:SESSION|OBJECT),\d+,\d+,", re.IGNORECASE)
_BLOCK: Final = 4 << 20
_OVERLAP: Final = 1024
"""Bytes of the block before that are looked at again, so that nothing is cut in two."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A register as its logs would name it: lower-case words, any of which is enough."""

    register: str
    words: tuple[bytes, ...]


def declared(folder: Path) -> list[Declared]:
    """Every register that owners have declared to the centre. A manifest that cannot be read is left to
    `kulla centre check`."""
    found = []
    for path in sorted(folder.glob("*/manifest.toml")):
        try:
            found.append(_declared(read_manifest(path.read_text("utf-8"), str(path))))
        except (OSError, ValueError, ConfigError):
            continue
    return found


def _declared(manifest: Manifest) -> Declared:
    schema, _, table = manifest.table.lower().rpartition(".")
    words = {table or manifest.name.lower(), manifest.name.lower()}
    if schema and schema != "public":
        words.add(f"{schema}.{table}")
    return Declared(manifest.name, tuple(sorted(word.encode() for word in words if len(word) > 2)))


@dataclass(frozen=True, slots=True)
class Scan:
    """A task: look at a source for these registers."""

    source: Source
    registers: tuple[Declared, ...]

    @property
    def size(self) -> int:
        """Bytes of the file, for the time a worker may take."""
        return self.source.size or 0


def scanned(task: Scan, settings: Settings) -> Iterator[str]:
    """The name of the register whose log the source is, if any."""
    patterns = [(each.register, _pattern(each.words)) for each in task.registers]
    for found in sources.walk(task.source, settings):
        if isinstance(found, Opened):
            chosen = choose(found.head, found.source.name, FORMATS)
            if chosen is not None and chosen.untrusted_binary:
                continue
            register = _stream(found, chosen is not None and chosen.name in DATABASE_LOGS, patterns)
            if register:
                yield register
                return


def _pattern(words: Sequence[bytes]) -> re.Pattern[bytes]:
    return re.compile(rb"(?<![a-z0-9_])(?:" + b"|".join(map(re.escape, words)) + rb")(?![a-z0-9_])")


def _stream(found: Opened, log: bool, patterns: Sequence[tuple[str, re.Pattern[bytes]]]) -> str:
    named, before = "", b""
    while block := found.stream.read(_BLOCK):
        text = before + block
        log = log or _AUDIT.search(text) is not None
        if not named:
            lower = text.lower()
            named = next((register for register, pattern in patterns if pattern.search(lower)), "")
        if log and named:
            return named
        before = text[-_OVERLAP:]
    return ""
