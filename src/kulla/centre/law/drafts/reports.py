"""Reports on an incident to the CSIRT or the competent authority: article 23(4) of Directive (EU) 2022/2555.

(a) early warning: whether unlawful or malicious acts are suspected, whether there could be a cross-border impact;
(b) notification: an update, an initial assessment with severity and impact, indicators of compromise where available;
(d) final report: a detailed description with severity and impact, the type of threat or root cause, measures applied
and ongoing, the cross-border impact where applicable; (e) a progress report while the incident is ongoing.
"""

from __future__ import annotations

from collections.abc import Iterator

from kulla.centre.law.drafts.common import assessed, cross_border, earlier, incident, lost, party
from kulla.centre.law.drafts.sheet import Sheet
from kulla.leaks.report.blocks import Block, Code, Items, Para


def early_warning(sheet: Sheet) -> Iterator[Block]:
    """The early warning, 24 hours."""
    brief = sheet.brief
    yield sheet.heading("who")
    yield party(sheet, brief.bearer)
    yield sheet.heading("incident")
    yield incident(sheet)
    yield sheet.heading("suspicion")
    yield sheet.facts(sheet.fact("malicious", sheet.answered(brief.malicious)))
    yield cross_border(sheet)
    yield sheet.heading("first")
    yield sheet.listed(brief.facts, "facts")
    yield sheet.heading("asked")
    yield sheet.listed(brief.asked, "asked")


def notification(sheet: Sheet) -> Iterator[Block]:
    """The incident notification, 72 hours."""
    brief = sheet.brief
    yield sheet.heading("who")
    yield party(sheet, brief.bearer)
    yield sheet.heading("earlier")
    yield earlier(sheet, "early_warning")
    yield sheet.heading("incident")
    yield incident(sheet)
    yield sheet.heading("update")
    yield sheet.listed(brief.facts, "facts")
    yield sheet.facts(sheet.fact("malicious", sheet.answered(brief.malicious)))
    yield cross_border(sheet)
    yield sheet.heading("effects")
    yield sheet.listed(brief.effects, "effects")
    yield sheet.heading("assessment")
    yield from assessed(sheet)
    yield from _data(sheet)
    yield sheet.heading("indicators")
    yield _indicators(sheet)
    yield sheet.heading("measures")
    yield sheet.listed(brief.measures, "measures")
    yield sheet.heading("asked")
    yield sheet.listed(brief.asked, "asked")


def progress_report(sheet: Sheet) -> Iterator[Block]:
    """The progress report, when the final report would be due and the incident is ongoing."""
    brief = sheet.brief
    yield sheet.heading("earlier")
    yield earlier(sheet, "early_warning", "notification")
    yield sheet.heading("incident")
    yield incident(sheet)
    yield sheet.heading("update")
    yield sheet.listed(brief.facts, "facts")
    yield sheet.heading("effects")
    yield sheet.listed(brief.effects, "effects")
    yield sheet.heading("measures")
    yield sheet.listed(brief.measures, "measures")
    yield sheet.heading("planned")
    yield sheet.listed(brief.planned, "planned")
    yield sheet.heading("cross")
    yield cross_border(sheet)


def final_report(sheet: Sheet) -> Iterator[Block]:
    """The final report, one month after the notification, or after the handling."""
    brief = sheet.brief
    yield sheet.heading("earlier")
    yield earlier(sheet, "early_warning", "notification")
    yield sheet.heading("who")
    yield party(sheet, brief.bearer)
    yield sheet.heading("incident")
    yield incident(sheet)
    yield sheet.heading("description")
    yield sheet.listed(brief.facts, "facts.final")
    yield sheet.heading("effects")
    yield sheet.listed(brief.effects, "effects")
    yield sheet.heading("assessment.final")
    yield from assessed(sheet)
    yield from _data(sheet)
    yield sheet.heading("cause")
    yield sheet.facts(
        sheet.fact("malicious", sheet.answered(brief.malicious)),
        sheet.fact("threat", brief.threat),
        sheet.fact("cause", brief.cause),
    )
    yield sheet.heading("indicators")
    yield _indicators(sheet)
    yield sheet.heading("measures")
    yield sheet.listed(brief.measures, "measures")
    yield sheet.heading("planned")
    yield sheet.listed(brief.planned, "planned")
    yield sheet.heading("cross")
    yield cross_border(sheet)
    yield sheet.heading("lessons")
    yield sheet.listed(brief.lessons, "lessons")


def _indicators(sheet: Sheet) -> Block:
    found = sheet.brief.indicators
    return Items(tuple(map(Code, found))) if found else Para(sheet.blank("indicators"))


def _data(sheet: Sheet) -> Iterator[Block]:
    if sheet.brief.loss:
        yield sheet.heading("data")
        yield lost(sheet, sheet.brief.loss)
