"""The texts of errors as the rooms write them, read from their source: each as a template of the console's table."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import kulla

PACKAGE: Final = Path(kulla.__file__).parent
SHOWN: Final = (
    *(
        "lake/language.py",
        "lake/integrity.py",
        "detect/condition.py",
        "detect/regex.py",
        "detect/ruleset.py",
        "detect/sigma.py",
    ),
    *("detect/values.py", "detect/yamlines.py", "detect/parse/*.py", "detect/modifiers/*.py"),
    *("centre/law/tables.py", "centre/law/playbook.py", "centre/alerts/filterrule.py", "centre/hunting/asked.py"),
    *("centre/evidence/actions.py", "centre/evidence/exporting.py"),
    *("centre/hunting/lookfor.py", "centre/vault/custody.py", "centre/vault/item.py", "centre/vault/seal.py"),
    *("centre/vault/sealbox.py", "centre/vault/stamp.py", "centre/vault/store.py", "centre/vault/stream.py"),
    *("centre/worker/errands.py", "centre/worker/file.py", "centre/worker/insiders.py", "centre/worker/intake.py"),
    *("centre/worker/leaving.py", "centre/worker/quarantine.py", "centre/worker/retaining.py"),
    *("centre/worker/rules.py", "centre/worker/storing.py", "centre/worker/stuck.py", "centre/worker/watching.py"),
    *("centre/worker/ways.py", "centre/worker/work.py", "centre/running/supervisor.py"),
    *("centre/notices/beating.py", "centre/notices/calling.py", "centre/notices/confined.py"),
    *("centre/notices/jobs.py", "centre/notices/mail.py", "centre/notices/mailbox.py", "centre/notices/outbound.py"),
    *("centre/notices/polling.py", "centre/notices/smtp.py", "centre/notices/taking.py", "centre/notices/ways.py"),
    *("leaks/evidence/timestamp.py", "leaks/evidence/signing.py", "leaks/trace.py", "share/marks.py"),
)
"""The files whose errors a page shows: whoever shows those of another file adds it here."""

SAYS: Final = frozenset({
    *("__init__", "append", "error", "remark", "say", "wrong"), *("_fault", "Fault", "Flaw", "Problem"),
    *("between", "tell", "_tell"),
})  # fmt: skip
"""Functions that take a text of an error."""
NOT_SAID: Final = frozenset({
    "not (%(show)s)", " and [filter: %(title)s]", "status: stable", "  condition: not selection", "third party",
    r"at line (\d+)",
    "evidence %(each)s: ",
    *("kulla lake check %(path)s%(option)s", "ready in %(started)s s: %(address)s   (Ctrl-C ends it)"),
})  # fmt: skip
"""Texts of those files that are no errors."""
MISTAKES: Final = frozenset({"AssertionError", "KeyError", "NotImplementedError", "TypeError", "ValueError"})
"""What these say is for who writes Kulla."""
_WORDS: Final = re.compile(r"[a-z]{2,}\s+\S|\S\s+[a-z]{2,}")


def templates() -> Iterator[tuple[str, str]]:
    """(file, template) of every error of SHOWN, in their order. A name stands for what is filled in."""
    for pattern in SHOWN:
        for path in sorted(PACKAGE.glob(pattern)):
            tree = ast.parse(path.read_text("utf-8"))
            for node in _told(tree):
                template = _template(node)
                if template and template not in NOT_SAID:
                    yield path.relative_to(PACKAGE).as_posix(), template.removeprefix(": ")


def _told(tree: ast.Module) -> Iterator[ast.expr]:
    """Expressions whose texts reach a person: of what is raised, said, or returned as a text by a function that helps
    with it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            if _name(node.exc.func) not in MISTAKES:
                yield from _texts(node.exc)
        elif isinstance(node, ast.Call) and _name(node.func) in SAYS:
            yield from _texts(node)
        elif isinstance(node, ast.Return | ast.Yield | ast.Assign | ast.AugAssign) and node.value:
            yield from _texts(node.value)


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _texts(node: ast.AST) -> Iterator[ast.expr]:
    parts: list[ast.AST]
    if isinstance(node, ast.JoinedStr | ast.Constant):
        yield node
        parts = [each.value for each in ast.walk(node) if isinstance(each, ast.FormattedValue)]
    else:
        # What goes through gettext is in a catalogue already.
        spoken = isinstance(node, ast.Call) and _name(node.func) == "_"
        parts = (
            [] if spoken else [each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr | ast.keyword)]
        )
    for each in parts:
        yield from _texts(each)


def _template(node: ast.expr) -> str:
    """The text with names for what is filled in; empty when it holds no words."""
    if isinstance(node, ast.Constant):
        text = node.value if isinstance(node.value, str) else ""
        return text.replace("%", "%%") if _WORDS.search(text) and "\n" not in text else ""
    if not isinstance(node, ast.JoinedStr):
        return ""
    parts, seen = [], dict[str, int]()
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            name = _called(part.value)
            seen[name] = seen.get(name, 0) + 1
            parts.append(f"%({name}{seen[name] if seen[name] > 1 else ''})s")
        elif isinstance(part, ast.Constant):
            parts.append(str(part.value).replace("%", "%%"))
    words = " ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
    return "".join(parts) if _WORDS.search(words) and "\n" not in words else ""


def _called(node: ast.expr) -> str:
    """A name for a value, of the names in its expression: the last of them."""
    names = [each.attr if isinstance(each, ast.Attribute) else each.id for each in ast.walk(node)
             if isinstance(each, ast.Attribute | ast.Name)]  # fmt: skip
    told = [each.lower().strip("_") for each in names if each not in {"len", "self", "sorted", "join", "str", "int"}]
    return told[0] if told else "value"
