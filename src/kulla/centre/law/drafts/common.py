"""Parts that several drafts have: who, what incident, severity, personal data."""

from __future__ import annotations

from collections.abc import Iterator

from kulla.centre.law.drafts.brief import Loss, Party
from kulla.centre.law.drafts.sheet import Sheet
from kulla.centre.law.rsit import types
from kulla.centre.law.severity import CRITERIA, FACTORS, PROPOSED, Severity
from kulla.leaks.report.blocks import Block, Code, Facts, Para, Table, Text, joined


def party(sheet: Sheet, whose: Party, contact: str = "entity") -> Facts:
    """Who sends it, and how they are reached."""
    found = sheet.brief.contact("entity") if contact == "entity" else sheet.brief.contact("dpo")
    return sheet.facts(
        sheet.fact("name", whose.name),
        sheet.fact("sector", whose.sector),
        sheet.fact("registration", whose.registration),
        sheet.fact("address", whose.address),
        *((sheet.fact("contact", found.line if found else None),) if contact == "entity" else ()),
    )


def incident(sheet: Sheet) -> Facts:
    """The incident in a few lines."""
    brief, say = sheet.brief, sheet.say
    type_ = types().get(brief.rsit)
    ended = say.moment(brief.ended) if brief.ended else None
    if ended is None and sheet.document != "final_report":
        ended = say("f.ended.not")
    return sheet.facts(
        sheet.fact("incident", brief.title),
        sheet.fact("type", type_.full_name(say.language) if type_ else None),
        sheet.fact("began", say.moment(brief.began) if brief.began else None),
        sheet.fact("detected", say.moment(brief.detected) if brief.detected else None),
        sheet.fact("ended", ended),
        sheet.fact("aware", sheet.aware()),
        sheet.fact("services", "; ".join(brief.services)),
    )


def cross_border(sheet: Sheet) -> Facts:
    """Whether other states are concerned, and which."""
    brief = sheet.brief
    pairs = [sheet.fact("cross", sheet.answered(brief.cross_border))]
    if brief.cross_border:
        pairs.append(sheet.fact("states", ", ".join(brief.states)))
    return sheet.facts(*pairs)


def earlier(sheet: Sheet, *documents: str) -> Facts:
    """What was sent before, with the numbers under which it was received."""
    say = sheet.say
    pairs: list[tuple[str, Text]] = []
    for document in documents:
        sent, number = sheet.brief.sent(document), sheet.brief.references.get(document, "")
        name = say("f.reference", document=say(f"title.{document}"))
        if sent is None:
            pairs.append((name, sheet.blank("reference")))
        else:
            known = Code(number) if number else sheet.blank("reference")
            pairs.append((name, say.rich("f.reference.text", at=say.moment(sent.at), number=known)))
    return sheet.facts(*pairs)


def assessed(sheet: Sheet) -> Iterator[Block]:
    """The answers that severity rests on, each with author and reason, and what nobody answered."""
    found = sheet.brief.severity
    if found is None or not found.inputs:
        yield Para(sheet.blank("severity"))
        return
    say = sheet.say
    pairs: list[tuple[str, Text]] = [(say("f.significant"), say(f"sig.{found.significant}"))]
    pairs.append(sheet.fact("impact", say(f"impact.{found.impact}") if found.impact else None, "severity"))
    if found.decided_by:
        pairs.append((say("f.decided"), ", ".join(say(f"factor.{name}") for name in found.decided_by)))
    yield sheet.facts(*pairs)
    head = tuple(say(f"t.{name}") for name in ("factor", "answer", "reason", "by"))
    yield Table(head, tuple(_rows(sheet, found)), (3, 3, 5, 2))
    if found.open:
        names = ", ".join(say(_key(name)) for name in found.open)
        yield Para(say("t.open", names=names), "quiet")
        if set(found.open) & set(CRITERIA):
            yield Para(sheet.blank("severity"))


def lost(sheet: Sheet, loss: Loss) -> Facts:
    """Counts and categories of what came into other hands: persons who are certain, never values."""
    say = sheet.say
    count = None if loss.persons is None else say.rich("f.persons.text", count=say.words.number(loss.persons))
    pairs = [sheet.fact("groups", sheet.brief.groups), sheet.fact("persons", count)]
    pairs.append(sheet.fact("categories", categories(sheet, loss)))
    for register, records in loss.records.items():
        told = None if records is None else say.words.number(records)
        pairs.append((say("f.records", register=register), told or sheet.blank("records")))
    pairs.append(sheet.fact("taken", _taken(sheet, loss)))
    return sheet.facts(*pairs)


def categories(sheet: Sheet, loss: Loss | None) -> Text | None:
    """The categories of data in words; None when they are not known."""
    return joined(map(sheet.say.words.meaning, loss.meanings)) or None if loss else None


def _taken(sheet: Sheet, loss: Loss) -> str | None:
    say = sheet.say
    if loss.first is None:
        return None
    if loss.last is None:
        return say("f.taken.after", first=say.moment(loss.first))
    return say("f.taken.between", first=say.moment(loss.first), last=say.moment(loss.last))


def _rows(sheet: Sheet, found: Severity) -> Iterator[tuple[Text, ...]]:
    say = sheet.say
    for each in found.inputs:
        answer = f"{each.name}.{each.value}" if each.name in FACTORS else f"answer.{each.value}"
        author = say("t.proposed") if each.author == PROPOSED else each.author
        yield say(_key(each.name)), say(answer), each.reason, author


def _key(name: str) -> str:
    return f"criterion.{name}" if name in CRITERIA else f"factor.{name}"
