"""A trace for disclosure: other persons' names out, commitments in their place. Pure.

Each name is replaced by `redacted:` and SHA-256 over a salt and the name. The full package holds salts and names
(`redactions.json`), so a court can see for itself that nothing else was changed. Salts come from a secret, since
account names can be enumerated; equal names get equal marks, so the reader still sees who is the same as whom.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from kulla.leaks.trace import Trace

MARK: Final = "redacted:"
_OF_CANDIDATE: Final = ("client", "application", "end_user")


class Redactor:
    """Redacts, and remembers what it redacted. keep: accounts that stay; an account's own client and hints stay too."""

    def __init__(self, secret: bytes, keep: Collection[str]) -> None:
        self._secret, self._keep = secret, frozenset(keep)
        self.known: dict[str, tuple[str, str]] = {}

    def name(self, text: str) -> str:
        """The mark in place of a text; an empty text stays empty."""
        if not text or text in self._keep:
            return text
        salt = self.salt(f"name {text}")
        mark = MARK + commitment(salt, text)
        self.known[mark] = (salt, text)
        return mark

    def salt(self, what: str) -> str:
        """The salt for a name or a file, hexadecimal: secret, and the same in each run."""
        return hmac.digest(self._secret, what.encode("utf-8", "surrogatepass"), "sha256").hex()

    def trace(self, trace: Trace) -> Trace:
        """The trace without other persons."""
        return replace(
            trace,
            inputs=tuple(
                replace(one, source=self.name(one.source), metadata={k: self.name(v) for k, v in one.metadata.items()})
                for one in trace.inputs
            ),
            registers=tuple(
                replace(used, copies=tuple(self._copy(copy) for copy in used.copies)) for used in trace.registers
            ),
            attributions=tuple(self._attribution(each) for each in trace.attributions),
            leads=tuple(self._lead(each) for each in trace.leads),
            marks=None if trace.marks is None else self._all(trace.marks),
        )

    def table(self) -> dict[str, dict[str, str]]:
        """Mark → salt and text, for the full package."""
        return {mark: {"salt": salt, "text": text} for mark, (salt, text) in sorted(self.known.items())}

    def _attribution(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        candidates = [self._candidate(each) for each in plain["candidates"]]
        copies = [self._copy(copy) for copy in plain["copies"]]
        return {**plain, "candidates": candidates, "copies": copies}

    def _copy(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """A known copy: who could reach it, and the owner's note, which may name whomever."""
        found = dict(plain)
        if "reachable_by" in plain:
            found["reachable_by"] = [self.name(who) for who in plain["reachable_by"]]
        return found | ({"note": self.name(plain["note"])} if "note" in plain else {})

    def _candidate(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        if plain["account"] in self._keep:
            return dict(plain)
        return {**plain, **{name: self.name(plain[name]) for name in ("account", *_OF_CANDIDATE)}}

    def _lead(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        if plain["account"] in self._keep:
            return dict(plain)
        details = {
            kind: {**each, "hosts": [self.name(host) for host in each["hosts"]]}
            for kind, each in plain["details"].items()
        }
        return {**plain, "account": self.name(plain["account"]), "details": details}

    def _all(self, value: Any) -> Any:
        """Every text below a value, but for keys."""
        if isinstance(value, str):
            return self.name(value)
        if isinstance(value, Mapping):
            return {key: self._all(each) for key, each in value.items()}
        return [self._all(each) for each in value] if isinstance(value, Sequence) else value


def commitment(salt: str, text: str) -> str:
    """What stands for a redacted text: SHA-256 over the salt's hexadecimal and the text, hexadecimal.

    >>> commitment("00", "a")[:8]
    '98d12a6d'
    """
    return hashlib.sha256(salt.encode() + text.encode("utf-8", "surrogatepass")).hexdigest()
