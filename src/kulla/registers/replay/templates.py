"""Templates of statements and their ids: all that the centre learns of a statement's text.

A name in a statement may hold a value (`AS "A. Hoxha"`, an unquoted id that PostgreSQL takes for a column), so a
template shows only names that the manifests declare, SQL's own words, and names of up to three characters; others
become `_`. A statement that does not parse shows its first word alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b

import pyarrow as pa

from kulla.events.sqltemplate import command, template
from kulla.registers.replay.skeleton import LIST, LITERAL
from kulla.registers.schema import TEMPLATES

_NAMES = re.compile(r'"[^"]*(?:""[^"]*)*"|[^\W\d][\w$]*|[0-9][\w.]*')
_SHOWN = 3


def published(skeleton: str, words: frozenset[str], parsed: bool) -> str:
    """The template of a skeleton, fit to leave.

    >>> published("SELECT nid AS \\"Agron\\" FROM payroll WHERE nid=\\x02", frozenset({"select", "nid", "as", "from",
    ... "payroll", "where"}), True)
    'SELECT nid AS _ FROM payroll WHERE nid=?'
    """
    written = skeleton.replace(f"({LIST})", "(0, 0)").replace(f"[{LIST}]", "[0, 0]").replace(LITERAL, "0")
    if not parsed:
        return command(written)
    return _NAMES.sub(lambda found: _shown(found[0], words), template(written))


def _shown(name: str, words: frozenset[str]) -> str:
    bare = name.strip('"')
    return name if bare.casefold() in words or (len(bare) <= _SHOWN and not bare.isdigit()) else "_"


def template_id(text: str) -> bytes:
    """BLAKE2b of a template's text, 16 bytes."""
    return blake2b(text.encode(), digest_size=16).digest()


class Templates:
    """The templates met so far."""

    def __init__(self, known: Iterable[tuple[bytes, str]] = ()) -> None:
        self._texts = dict(known)

    def add(self, text: str) -> bytes:
        """Keep a template; its id."""
        made = template_id(text)
        self._texts.setdefault(made, text)
        return made

    def merge(self, other: Templates) -> None:
        """Take over another's."""
        self._texts |= other._texts

    def table(self) -> pa.Table:
        """TEMPLATES, sorted by text."""
        rows = sorted(self._texts.items(), key=lambda each: each[1])
        ids, texts = [each[0] for each in rows], [each[1] for each in rows]
        return pa.table([pa.array(ids, pa.binary(16)), pa.array(texts, pa.large_string())], schema=TEMPLATES)
