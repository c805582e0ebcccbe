"""The catalogues of the console's texts: python tools/messages.py [--check]

Finds every text that is marked for translation in the Python files and templates of each app of the centre, brings
`locale/sq/LC_MESSAGES/django.po` up to date (what is translated stays, what is gone goes) and writes django.mo beside
it. With --check nothing is written: exit 1 when a catalogue is behind or a text has no translation, and each is named.

No GNU gettext is needed: templates are read with Django's own `templatize`, catalogues with Babel.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

CENTRE = Path(__file__).resolve().parents[1] / "src" / "kulla" / "centre"
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2), "_p": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip

SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
"""In the head of every catalogue: the same texts are the same bytes on every day."""
_PLACE = re.compile(r"%\((\w+)\)[sd]")

Message = str | tuple[str, ...]


def main() -> int:
    """Every app."""
    check = "--check" in sys.argv[1:]
    faults: list[str] = []
    for app in sorted(path.parent for path in CENTRE.glob("*/apps.py")):
        faults += _app(app, check)
    for fault in faults:
        print(fault)
    return 1 if faults else 0


def _app(app: Path, check: bool) -> list[str]:
    wanted = list(dict.fromkeys(_messages(app)))
    path = app / "locale" / "sq" / "LC_MESSAGES" / "django.po"
    old = read_po(io.BytesIO(path.read_bytes()), locale="sq") if path.exists() else Catalog(locale="sq")
    new = Catalog(locale="sq", project="Kulla", charset="utf-8", fuzzy=False)
    for message, context in wanted:
        known = old.get(message if isinstance(message, str) else message[0], context)
        new.add(message, known.string if known and not known.fuzzy else None, context=context)
    missing = [str(each.id) for each in new if each.id and not _whole(each.string)]
    name = app.name
    odd = [str(each.id) for each in new if each.id and _whole(each.string) and not _alike(each.id, each.string)]
    if not check:
        if wanted:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_po(new))
            path.with_suffix(".mo").write_bytes(_mo(new))
        return []
    faults = [f"{name}: no translation: {text}" for text in missing]
    faults += [f"{name}: other placeholders than the text has: {text}" for text in odd]
    if wanted and (not path.exists() or path.read_bytes() != _po(new)):
        faults.append(f"{name}: django.po is behind: run python tools/messages.py")
    elif wanted and path.with_suffix(".mo").read_bytes() != _mo(new):
        faults.append(f"{name}: django.mo is not made from django.po: run python tools/messages.py")
    return faults


def _whole(string: object) -> bool:
    return bool(string) and (isinstance(string, str) or all(string))  # type: ignore[call-overload]


def _alike(given: object, string: object) -> bool:
    """Whether a translation fills in the same values as its text does."""
    texts = [given] if isinstance(given, str) else list(given)  # type: ignore[call-overload]
    made = [string] if isinstance(string, str) else list(string)  # type: ignore[call-overload]
    wanted = {name for text in texts for name in _PLACE.findall(text)}
    return all(set(_PLACE.findall(text)) == wanted for text in made)


def _messages(app: Path) -> Iterator[tuple[Message, str | None]]:
    for path in sorted([*app.rglob("*.py"), *app.rglob("*.html"), *app.rglob("*.txt")]):
        text = path.read_text("utf-8")
        if path.suffix != ".py":
            text = templatize(text, origin=str(path))
        elif path.parent.name == "migrations":
            continue
        yield from _found(text)


def _found(text: str) -> Iterator[tuple[Message, str | None]]:
    for _line, function, given, _comments in extract_python(io.BytesIO(text.encode()), list(KEYWORDS), (), {}):
        # None for a text that is a name there, and marked where it is written.
        parts = [given] if isinstance(given, str) else [each for each in given or () if isinstance(each, str)]
        if not parts or not parts[0].strip():
            continue
        if function in {"pgettext", "_p", "npgettext"}:
            yield ((parts[1], parts[2]) if function == "npgettext" else parts[1]), parts[0]
        elif function in {"ngettext", "ngettext_lazy"}:
            yield (parts[0], parts[1]), None
        else:
            yield parts[0], None


def _po(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalog, width=120, omit_header=False, sort_output=True, include_lineno=False)
    kept = [
        line for line in out.getvalue().decode().splitlines(keepends=True) if not line.startswith(('"POT', '"PO-Rev'))
    ]
    return "".join(kept).encode()


def _mo(catalog: Catalog) -> bytes:
    out, whole = io.BytesIO(), read_po(io.BytesIO(_po(catalog)), locale="sq")
    whole.creation_date = whole.revision_date = SOME_DAY
    write_mo(out, whole)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
