"""Drafts of the notices after articles 33 and 34 GDPR, filled from what a trace knows for certain.

What Kulla cannot know is left as a field in brackets: who, when the controller became aware, what was done. The 72
hours run from awareness, which is a fact about people; no time in a trace stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

from kulla.leaks.assess import facts_of
from kulla.leaks.report.blocks import Block, Code, Document, Facts, Heading, Items, NewPage, Para, Text, joined, plain
from kulla.leaks.report.html import page
from kulla.leaks.report.pdf import pages
from kulla.leaks.report.text import text
from kulla.leaks.report.view import View, spans
from kulla.leaks.report.words import Language
from kulla.leaks.trace import Trace

Article = Literal[33, 34]
Form = Literal["html", "pdf", "txt"]
ARTICLES: Final[tuple[Article, ...]] = (33, 34)
FORMS: Final[tuple[Form, ...]] = ("html", "pdf", "txt")

_TELLING: Final = (
    *("special", "money", "iban", "national_id", "phone", "email", "address", "plate", "employer", "birth_date"),
    "name",
)
"""Meanings whose loss has consequences of its own, the gravest first."""
_ALIKE: Final = {"given_name": "name", "family_name": "name", "employer_id": "employer"}


def notice(trace: Trace, article: Article, language: Language, form: Form) -> bytes:
    """A draft. Counts are of persons who are certain; equal arguments give equal bytes."""
    document = draft(trace, article, language)
    return {"html": page, "pdf": pages, "txt": text}[form](document)


def draft(trace: Trace, article: Article, language: Language) -> Document:
    """The draft's content."""
    view = View(trace, language, "court", None)
    say = view.say
    parts = _to_authority(view) if article == 33 else _to_persons(view)
    title = say(f"n.{article}.title")
    made = say.rich("n.draft", case=Code(trace.case), made=say.moment(view.made))
    blocks: tuple[Block, ...] = (Heading(1, title), Para(made, "quiet"), *parts)
    return Document(title, language, view.made, plain(say.rich("footer", case=trace.case[:60], leak=trace.leak[:16])),
                    say("page"), blocks)  # fmt: skip


def _to_authority(view: View) -> Iterator[Block]:
    say = view.say
    yield Para(say("n.law.33"))
    yield Para(say("n.clock"))
    yield from _blanks(view, "n.aware", "n.delay")
    yield Heading(3, say("n.who"))
    yield from _blanks(view, "n.controller")
    yield Heading(3, say("n.a"))
    yield Para(say.rich("n.a.text", registers=_registers(view), when=_when(view)))
    yield Facts(tuple(_counted(view)))
    yield from _blanks(view, "n.a.groups")
    yield Heading(3, say("n.b"))
    yield from _blanks(view, "n.b.text")
    yield Heading(3, say("n.c"))
    yield Items(_effects(view, "c"))
    yield from _severity(view, "n.severity")
    yield Heading(3, say("n.d"))
    yield from _blanks(view, "n.d.text", "n.cross", "n.sign")


def _to_persons(view: View) -> Iterator[Block]:
    say = view.say
    yield from _severity(view, "n.34.when")
    yield from _blanks(view, "n.34.to")
    yield NewPage()
    yield Heading(3, say("n.34.what"))
    yield Para(say.rich("n.34.what.text", registers=_registers(view)))
    yield Heading(3, say("n.34.data"))
    yield Para(_categories(view))
    yield Heading(3, say("n.34.mean"))
    yield Items(_effects(view, "c"))
    yield Heading(3, say("n.34.done"))
    yield from _blanks(view, "n.d.text")
    yield Heading(3, say("n.34.do"))
    yield Items((*_effects(view, "d"), say("n.34.never")))
    yield Heading(3, say("n.34.ask"))
    yield from _blanks(view, "n.b.text")
    yield Para(say("n.34.right"))
    yield from _blanks(view, "n.sign")


def _blanks(view: View, *keys: str) -> Iterator[Block]:
    for key in keys:
        yield Para(view.say(key), "blank")


def _registers(view: View) -> Text:
    """The registers that the leak has rows of."""
    found = dict.fromkeys(table.register for table in view.trace.tables if table.linked_by != "none")
    return joined(Code(name) for name in found) or view.say("unknown")


def _when(view: View) -> str:
    """From the first to the last moment of all windows; a window is not when the controller became aware."""
    say = view.say
    told = [span for piece in view.trace.pieces for span in spans(piece["window"])]
    if not told:
        return say("n.a.unknown")
    first = say.moment(min(start for start, _ in told))
    ends = [end for _, end in told if end is not None]
    if len(ends) < len(told) or any(piece["window"]["open_end"] for piece in view.trace.pieces):
        return say("n.a.open", first=first)
    return say("n.a.when", first=first, last=say.moment(max(ends)))


def _counted(view: View) -> Iterator[tuple[str, Text]]:
    say = view.say
    certain = facts_of(view.trace).certain
    few = say("n.a.persons.few")
    persons = few if certain is None else say("n.a.persons.text", count=certain)
    yield say("n.registers"), _registers(view)
    yield say("n.a.categories"), _categories(view)
    yield say("n.a.persons"), persons
    for register, counts in view.trace.persons.items():
        yield say("n.a.records"), (Code(register), ": ", view.count(counts.get("certain", 0)))


def _categories(view: View) -> Text:
    return joined(view.say.meaning(meaning) for meaning in facts_of(view.trace).meanings) or view.say("unknown")


def _effects(view: View, prefix: str) -> tuple[Text, ...]:
    """What the loss of these meanings may bring (`c`), or what a person can do about it (`d`)."""
    held = {meaning.partition(":")[0] for meaning in facts_of(view.trace).meanings}
    held |= {_ALIKE[meaning] for meaning in held & set(_ALIKE)}
    told = [view.say.known(f"{prefix}.{meaning}", "") for meaning in _TELLING if meaning in held]
    return tuple(each for each in told if not isinstance(each, Code))


def _severity(view: View, key: str) -> Iterator[Block]:
    say, found = view.say, view.trace.assessment
    if found:
        yield Para(say(key, score=say.decimal(found["score"], 2), level=say(f"level.{found['level']}")))
