"""A draft: what a document says, headed as a proposal, with every blank marked and listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kulla.centre.law.drafts import breach, reports
from kulla.centre.law.drafts.brief import Brief
from kulla.centre.law.drafts.sheet import Sheet
from kulla.centre.law.drafts.words import Language
from kulla.centre.law.jurisdiction import Duty
from kulla.leaks.report.blocks import Block, Box, Code, Document, Facts, Heading, Items, NewPage, Para, Text

Kind = Literal[
    "early_warning", "notification", "progress_report", "final_report", "dpa_notice", "letter_to_persons",
    "public_communication",
]  # fmt: skip
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Each is a document of jurisdiction.DOCUMENTS."""

_BODIES: Final[Mapping[Kind, Callable[[Sheet], Iterator[Block]]]] = {
    "early_warning": reports.early_warning,
    "notification": reports.notification,
    "progress_report": reports.progress_report,
    "final_report": reports.final_report,
    "dpa_notice": breach.dpa_notice,
    "letter_to_persons": breach.letter_to_persons,
    "public_communication": breach.public_communication,
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft. missing: what has to be completed, in words, in the order of the document."""

    kind: Kind
    document: Document
    missing: tuple[str, ...]


def draft(kind: Kind, brief: Brief, language: Language) -> Draft:
    """A document drafted from a case. Equal arguments give equal documents; nothing that is missing is made up.

    `docx` and `pdf` make it a file.
    """
    sheet = Sheet(brief, kind, language)
    say = sheet.say
    title = say(f"title.{kind}")
    head = tuple(_addressed(sheet))
    body = tuple(_BODIES[kind](sheet))
    sheet.blank("sign")
    proposal = tuple(_proposal(sheet))
    footer = say("footer", case=brief.case, marks=brief.marks.label)
    listed = (Heading(3, say("missing")), Items(tuple(sheet.missing), ordered=True))
    # A text for persons or the public keeps to its own pages: what is for the signer stands before it.
    split = next((at for at, block in enumerate(body) if isinstance(block, NewPage)), None)
    inside, outside = (body[:split], body[split:]) if split is not None else (body, ())
    signature = (Heading(3, say("signature")), Para(say("sign")))
    rest = (*inside, *listed, *outside, *signature) if outside else (*inside, *signature, *listed)
    document = Document(
        title=f"{title}: {brief.case}",
        language=language,
        made=int(brief.made.timestamp()) * 1_000_000,
        footer=say("footer.exercise", footer=footer) if brief.exercise else footer,
        page=say("page"),
        blocks=(Heading(1, title), *proposal, *head, *rest),
        header=f"TLP:{brief.marks.tlp}",
    )
    return Draft(kind, document, tuple(sheet.missing))


def _proposal(sheet: Sheet) -> Iterator[Block]:
    """What stands above everything: that it is a proposal, who signs, how many blanks are left."""
    brief, say = sheet.brief, sheet.say
    if brief.exercise:
        yield Box("warning", say("exercise"), (Para(say("exercise.text")),))
    signer = brief.signer or sheet.blank("signer")
    text = say.rich("proposal.text", case=Code(brief.case), made=say.moment(brief.made), signer=signer)
    count = say("proposal.blanks", count=str(len(sheet.missing)))
    yield Box("warning", say("proposal"), (Para(text), Para(count)))


def _addressed(sheet: Sheet) -> Iterator[Block]:
    brief, say, duty = sheet.brief, sheet.say, sheet.duty
    public = sheet.document in ("letter_to_persons", "public_communication")
    pairs: list[tuple[str, Text]] = [
        (say("f.case"), Code(brief.case)),
        (say("f.marks"), brief.marks.label),
        *(() if public else (sheet.fact("to", brief.authority),)),
        (say("f.from"), brief.bearer.name),
        (say("f.law"), _law(sheet, duty)),
    ]
    if duty:
        pairs.append((say("f.due"), _due(sheet)))
    yield Facts(tuple(pairs))
    if brief.marks.caveats or brief.marks.originators:
        told = {"caveats": brief.marks.caveats, "originators": brief.marks.originators}
        yield Para(say("caveats", **{name: "; ".join(each) or "–" for name, each in told.items()}), "quiet")
    if duty:
        yield from _on_the_law(sheet, duty)


def _law(sheet: Sheet, duty: Duty | None) -> str:
    if duty is None:
        return sheet.say("f.law.none")
    name = sheet.brief.jurisdiction.laws[duty.law].name[sheet.say.language]
    if not duty.verified:
        return name
    return sheet.say("f.law.text", law=name, article=duty.article)


def _due(sheet: Sheet) -> str:
    say, clock, duty = sheet.say, sheet.clock, sheet.duty
    if duty is not None and duty.period is None:
        return say("f.due.none")
    if clock is None or clock.due is None or clock.latest is None:
        return sheet.blank("aware")
    hours = clock.duty.period is not None and clock.duty.period.unit == "hours"
    # A period in months ends with a day: its midnight would be read as the next day's.
    due, latest = (say.moment(at) if hours else say.end_of_day(at) for at in (clock.due, clock.latest))
    return due if due == latest else say("f.due.law", due=due, latest=latest)


def _on_the_law(sheet: Sheet, duty: Duty) -> Iterator[Block]:
    law, say = sheet.brief.jurisdiction.laws[duty.law], sheet.say
    note = law.note.get(say.language, "")
    if not duty.verified:
        text = say("unverified.text", law=law.name[say.language], checked=duty.checked[say.language], note=note)
        yield Box("warning", say("unverified"), (Para(text),))
    elif note:
        yield Box("note", say("noted"), (Para(note, "quiet"),))
