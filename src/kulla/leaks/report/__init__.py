"""The report of a trace, in English and Albanian, as HTML and PDF."""

from kulla.leaks.report.notices import ARTICLES, FORMS, Article, Form, notice
from kulla.leaks.report.report import html_report, pdf_report
from kulla.leaks.report.view import Audience, Stamp
from kulla.leaks.report.words import LANGUAGES, Language

__all__ = [
    "ARTICLES",
    "FORMS",
    "LANGUAGES",
    "Article",
    "Audience",
    "Form",
    "Language",
    "Stamp",
    "html_report",
    "notice",
    "pdf_report",
]
