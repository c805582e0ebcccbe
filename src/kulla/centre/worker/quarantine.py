"""Whether a file holds a database log of a declared register, which must never reach the lake: it quotes the personal
values that were asked for. Runs in a confined child, on every stream of the file, before any event of it is kept.

A stream is taken for such a log when it names a declared register or its table, as a word, and bears the marks of a
database's log: one of PostgreSQL's or MySQL's formats, or pgaudit's lines inside another. Text in UTF-16 is looked at
as the reader would read it, and NULs hide nothing. While a register's manifest cannot be read, nobody knows how its
logs would name it: every database's log is kept out then.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kulla.errors import ConfigError, InputError
from kulla.events import sources
from kulla.events.formats import FORMATS
from kulla.events.lines import blocks, encoding
from kulla.events.sniff import choose
from kulla.events.sources import Opened, Source
from kulla.registers.manifest import Manifest, read_manifest
from kulla.settings import Settings

DATABASE_LOGS: Final = frozenset({"postgres_csvlog", "postgres_jsonlog", "postgres_stderr", "mysql"})
_AUDIT: Final = re.compile(rb"AUDIT: +(?:SESSION|OBJECT),\d+,\d+,", re.IGNORECASE)
_OVERLAP: Final = 1024
"""Bytes of the block before that are looked at again, so that nothing is cut in two."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A register as its logs would name it: lower-case words, any of which is enough. None: its manifest cannot be
    read, and any database's log may be its own."""

    register: str
    words: tuple[bytes, ...]

    def reason(self) -> str:
        """Why a log that was found to be its own is kept out."""
        if self.words:
            return f"a database log of the register {self.register}; only its owner may hold it"
        return (
            f"a database log, and the manifest of the register {self.register} cannot be read; have the register "
            "delivered again, then move the file into the inbox again"
        )


def declared(folder: Path) -> list[Declared]:
    """Every register that owners have declared to the centre; those whose manifest cannot be read last. Raises
    InputError when the folder itself cannot be read: without it nothing may be taken in."""
    try:
        with os.scandir(folder) as entries:
            names = sorted(each.name for each in entries if each.is_dir() and not each.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}; restore it, or give it back to us") from error
    found = []
    for name in names:
        path = folder / name / "manifest.toml"
        try:
            found.append(_declared(read_manifest(path.read_text("utf-8"), str(path))))
        except (OSError, ValueError, ConfigError):
            found.append(Declared(name, ()))
    return sorted(found, key=lambda each: (not each.words, each.register))


def _declared(manifest: Manifest) -> Declared:
    schema, _, table = manifest.table.lower().rpartition(".")
    words = {table or manifest.name.lower(), manifest.name.lower()}
    if schema and schema != "public":
        words.add(f"{schema}.{table}")
    long = [word for word in words if len(word) > 2] or [manifest.name.lower()]
    # Capitals beyond ASCII stay as they are when bytes are made lower-case.
    forms = {form.encode().lower() for word in long for form in (word, word.upper())}
    return Declared(manifest.name, tuple(sorted(forms)))


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
    """The name of the register whose log the source is, or may be, if any."""
    patterns = [(each.register, _pattern(each.words)) for each in task.registers]
    for found in sources.walk(task.source, settings):
        if isinstance(found, Opened):
            chosen = choose(found.head, found.source.name, FORMATS)
            if chosen is not None and chosen.untrusted_binary:
                continue
            register = _stream(found, _is_log(found), patterns)
            if register:
                yield register
                return


def _is_log(found: Opened) -> bool:
    """Whether a stream is in one of the databases' formats, however it is encoded."""
    text = found.head.decode(encoding(found.head), "replace").removeprefix("\ufeff").replace("\0", "")
    chosen = choose(text.encode("utf-8", "replace"), found.source.name, FORMATS)
    return chosen is not None and chosen.name in DATABASE_LOGS


def _pattern(words: Sequence[bytes]) -> re.Pattern[bytes]:
    if not words:
        return re.compile(b"")
    return re.compile(rb"(?<![a-z0-9_])(?:" + b"|".join(map(re.escape, words)) + rb")(?![a-z0-9_])")


def _stream(found: Opened, log: bool, patterns: Sequence[tuple[str, re.Pattern[bytes]]]) -> str:
    named, before = "", b""
    for block in blocks(found.stream, None):
        text = before + block.replace(b"\0", b"")
        log = log or _AUDIT.search(text) is not None
        if not named:
            lower = text.lower()
            named = next((register for register, pattern in patterns if pattern.search(lower)), "")
        if log and named:
            return named
        before = text[-_OVERLAP:]
    return ""
