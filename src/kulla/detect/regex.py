"""Regular expressions in RE2. The only file here that meets RE2; the reference and the engine share it.

Decided: a pattern is found anywhere in a value; `.` does not match a newline unless `s`; `^` and `$` are the ends of
the whole value unless `m` (so `$` does not stand before a final newline, as it does in PCRE); `\\d`, `\\w`, `\\s`
and `\\b` know ASCII only; matching is by Unicode code point. Unpaired surrogates, which no UTF-8 can carry, are
matched as `?`. RE2 runs in time linear in the value and refuses look-around, back-references, counted
repeats above 1,000 and patterns that would need more than 8 MiB.
"""

from __future__ import annotations

import re as _python_re
from functools import lru_cache
from typing import Protocol

import re2

from kulla.detect.rule import Regex
from kulla.errors import RuleError

MAX_PATTERN = 10_000


class Compiled(Protocol):
    """A compiled expression, to be asked with UTF-8."""

    def search(self, text: bytes) -> object | None: ...


def source(test: Regex) -> str:
    """The test as one RE2 pattern, flags included, for any library that speaks RE2.

    >>> source(Regex("^a.b$", "is"))
    '(?is)^a.b$'
    """
    return f"(?{test.flags}){test.pattern}" if test.flags else test.pattern


@lru_cache(maxsize=4096)
def compile_regex(test: Regex) -> Compiled:
    """The compiled expression. Raises `RuleError` saying what RE2 refuses."""
    if len(test.pattern) > MAX_PATTERN:
        raise RuleError(f"the regular expression is longer than {MAX_PATTERN:,} characters: split it")
    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Compiled = re2.compile(source(test).encode(), options)
    except UnicodeEncodeError:
        raise RuleError("the regular expression holds an unpaired surrogate: write the character itself") from None
    except re2.error as error:
        raise RuleError(_advice(test.pattern, error)) from None
    return compiled


def _advice(pattern: str, error: Exception) -> str:
    said = error.args[0] if error.args else "refused"
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    if _python_re.search(r"\(\?(=|!|<=|<!|>|P=)", pattern):
        return f"RE2 has no look-around, atomic groups or back-references: write it without ({reason})"
    if "too large" in reason or "repetition" in reason:
        return f"the regular expression is too costly: use smaller repeats ({reason})"
    return f"RE2 cannot read the regular expression: {reason}"


def found(test: Regex, value: str) -> bool:
    """Whether the expression is found anywhere in the value.

    >>> found(Regex("a.c$", "i"), "xABC")
    True
    """
    return compile_regex(test).search(value.encode("utf-8", "replace")) is not None
