"""Drafts of what is sent to authorities, persons and the public: each a proposal that a person completes and signs."""

from kulla.centre.law.drafts.brief import Brief, Contact, Loss, Party, PlainWords, loss_of
from kulla.centre.law.drafts.docx import docx
from kulla.centre.law.drafts.draft import KINDS, Draft, Kind, draft
from kulla.centre.law.drafts.words import LANGUAGES, Language
from kulla.leaks.report.pdf import pages as pdf

__all__ = [
    "KINDS",
    "LANGUAGES",
    "Brief",
    "Contact",
    "Draft",
    "Kind",
    "Language",
    "Loss",
    "Party",
    "PlainWords",
    "docx",
    "draft",
    "loss_of",
    "pdf",
]
