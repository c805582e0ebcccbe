"""The report of a trace: one page in plain language first, then all that it rests on, method and limits last."""

from __future__ import annotations

from typing import Final

from kulla.leaks.report.blocks import Document, NewPage, plain
from kulla.leaks.report.html import page
from kulla.leaks.report.pdf import pages
from kulla.leaks.report.sections.candidates import candidates
from kulla.leaks.report.sections.closing import earlier, leads, method, severity
from kulla.leaks.report.sections.firstpage import first_page
from kulla.leaks.report.sections.inputs import inputs
from kulla.leaks.report.sections.pieces import pieces
from kulla.leaks.report.sections.tables import tables
from kulla.leaks.report.view import Audience, Stamp, View
from kulla.leaks.report.words import Language
from kulla.leaks.trace import Trace

_CASE: Final = 60
"""Characters of the case's number in the footer: it has two lines."""


def html_report(trace: Trace, language: Language, audience: Audience = "court", stamp: Stamp | None = None) -> bytes:
    """The report as one HTML file that needs neither script nor network.

    audience: `court` holds all; `public` repeats nothing that the leaked file says of itself, names no officer, and
    gives accounts letters. stamp: the state of the time-stamp; None is told as missing. Equal arguments give equal
    bytes.
    """
    return page(document(trace, language, audience, stamp))


def pdf_report(trace: Trace, language: Language, audience: Audience = "court", stamp: Stamp | None = None) -> bytes:
    """The same report as a PDF. Equal arguments give equal bytes."""
    return pages(document(trace, language, audience, stamp))


def document(trace: Trace, language: Language, audience: Audience, stamp: Stamp | None) -> Document:
    """The report's content."""
    view = View(trace, language, audience, stamp)
    say = view.say
    parts = (inputs, tables, pieces, candidates, leads, severity, earlier, method)
    return Document(
        title=plain(say.rich("title", case=trace.case)),
        language=language,
        made=view.made,
        footer=say("footer", case=trace.case[:_CASE], leak=trace.leak[:16]),
        page=say("page"),
        blocks=(*first_page(view), NewPage(), *(block for part in parts for block in part(view))),
    )
