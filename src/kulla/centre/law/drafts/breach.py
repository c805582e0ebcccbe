"""A breach of personal data: to the authority (article 33 GDPR), to persons (article 34), and a word to the public.

What is said of persons are counts of those who are certain, and categories. A text for persons or the public begins on
a page of its own; the page before it holds what is for the signer alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from kulla.centre.law.drafts.brief import Loss
from kulla.centre.law.drafts.common import categories, cross_border, lost, party
from kulla.centre.law.drafts.sheet import Sheet
from kulla.leaks.report.blocks import Block, Items, NewPage, Para

_UNKNOWN = Loss(None, {}, ())


def dpa_notice(sheet: Sheet) -> Iterator[Block]:
    """The controller's notification to the supervisory authority: article 33(3), in its order."""
    brief, say = sheet.brief, sheet.say
    loss = brief.loss or _UNKNOWN
    yield sheet.heading("controller")
    yield party(sheet, brief.bearer, "dpo")
    yield sheet.facts(sheet.fact("aware", sheet.aware()))
    yield Para(say("t.aware"), "quiet")
    if _late(sheet):
        yield sheet.facts(sheet.fact("delay", brief.delay))
    yield sheet.heading("a")
    yield sheet.listed(brief.facts, "facts")
    yield lost(sheet, loss)
    yield sheet.heading("b")
    yield _contact(sheet)
    yield sheet.heading("c")
    yield sheet.listed((*say.effects(loss.meanings, "c"), *brief.plain.means), "consequences")
    if loss.score is not None:
        level = say.words(f"level.{loss.level}")
        yield sheet.facts(
            (say("f.enisa"), say("f.enisa.text", score=say.words.decimal(loss.score, 2), level=level)),
        )
    yield sheet.heading("d")
    yield sheet.listed((*brief.measures, *brief.planned), "measures")
    yield cross_border(sheet)
    yield _risk(sheet)
    yield Para(say("t.phases"), "quiet")


def letter_to_persons(sheet: Sheet) -> Iterator[Block]:
    """The communication to persons: article 34(2), in clear and plain language."""
    brief, say = sheet.brief, sheet.say
    loss = brief.loss or _UNKNOWN
    yield sheet.heading("decision")
    yield Para(say("t.letter.risk"))
    yield _risk(sheet)
    yield NewPage()
    yield sheet.heading("what")
    yield Para(say("t.letter", name=brief.bearer.name))
    yield sheet.listed(brief.plain.what, "what")
    yield sheet.heading("which")
    told = categories(sheet, loss)
    yield Para(told) if told else Para(sheet.blank("categories"))
    yield sheet.heading("means")
    yield sheet.listed((*say.effects(loss.meanings, "c"), *brief.plain.means), "consequences")
    yield sheet.heading("doing")
    yield sheet.listed(brief.plain.doing, "measures")
    yield sheet.heading("advice")
    yield sheet.listed((*say.effects(loss.meanings, "d"), *brief.plain.advice), "advice")
    yield Para(say("t.never"))
    yield sheet.heading("ask")
    yield _contact(sheet)
    authority = brief.contact("authority")
    yield Para(say("t.right", authority=authority.line if authority else sheet.blank("complaint")))


def public_communication(sheet: Sheet) -> Iterator[Block]:
    """A word to the public: what is certain, what it means, what to do, when more is said. No account, no person."""
    brief, say = sheet.brief, sheet.say
    yield sheet.heading("release")
    if brief.marks.may_go_to("public").allowed and not brief.marks.caveats:
        yield Para(say("t.release.clear", marks=brief.marks.label))
    else:
        yield Para(say("t.release", marks=brief.marks.label))
        yield Para(sheet.blank("release", marks=brief.marks.label))
    yield NewPage()
    yield sheet.heading("what")
    yield Para(say("t.public", name=brief.bearer.name))
    yield sheet.listed(brief.plain.what, "what")
    if brief.ended is None:
        yield Para(say("t.open.public"))
    yield sheet.heading("public")
    if brief.loss and brief.loss.persons is not None:
        yield Para(say("t.count", count=say.words.number(brief.loss.persons)))
    if told := categories(sheet, brief.loss):
        yield sheet.facts((say("f.categories"), told))
    yield sheet.listed(brief.plain.means, "means")
    yield sheet.heading("doing")
    yield sheet.listed(brief.plain.doing, "measures")
    yield sheet.heading("advice")
    meanings = brief.loss.meanings if brief.loss else ()
    advice = (*say.effects(meanings, "d"), *brief.plain.advice)
    yield Items(advice) if advice else Para(sheet.blank("advice"))
    yield sheet.heading("ask")
    press = brief.contact("press")
    yield sheet.facts(
        sheet.fact("contact.press", press.line if press else None),
        sheet.fact("next", say.moment(brief.next_word) if brief.next_word else None),
    )


def _late(sheet: Sheet) -> bool:
    """Whether reasons for a delay are due: article 33(1), when the notice comes after its period."""
    clock = sheet.clock
    if sheet.brief.delay:
        return True
    return clock is not None and (clock.state in ("overdue", "met_late") or clock.mark >= 100)


def _contact(sheet: Sheet) -> Block:
    found = sheet.brief.contact("dpo")
    return Para(found.line) if found else Para(sheet.blank("dpo"))


def _risk(sheet: Sheet) -> Block:
    found, say = sheet.brief.high_risk, sheet.say
    if found is None:
        return sheet.facts(sheet.fact("risk", None))
    told = say("f.risk.text", at=say.moment(found.at), person=found.person)
    return sheet.facts((say("f.risk"), f"{told}: {found.reason}"))
