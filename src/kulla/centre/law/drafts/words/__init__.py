"""What drafts say, in each language: one table of texts a language, with the same keys."""

from kulla.centre.law.drafts.words.say import TABLES, Say
from kulla.leaks.report.words import LANGUAGES, Language

__all__ = ["LANGUAGES", "TABLES", "Language", "Say"]
