"""What a report says, in each language: one table of texts a language, with the same keys."""

from kulla.leaks.report.words.speak import LANGUAGES, Language, Words

__all__ = ["LANGUAGES", "Language", "Words"]
