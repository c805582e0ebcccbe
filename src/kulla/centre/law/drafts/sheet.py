"""A draft as it is being written: says things, and notes each blank that it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kulla.centre.law.drafts.brief import Brief
from kulla.centre.law.drafts.words import Language, Say
from kulla.leaks.report.blocks import Block, Code, Facts, Heading, Items, Para, Text, joined


class Sheet:
    """What sections are written with. `missing` gathers the blanks in the order in which a reader meets them."""

    def __init__(self, brief: Brief, document: str, language: Language) -> None:
        self.brief, self.document = brief, document
        self.say = Say(language, brief.jurisdiction.zone)
        self.duty = brief.duty(document)
        self.clock = brief.clock(document)
        self.missing: list[str] = []

    def blank(self, key: str, **blanks: str) -> str:
        """A marked blank. What is missing is said, and listed once."""
        what = self.say(f"b.{key}" if self.say.has(f"b.{key}") else f"f.{key}", **blanks)
        if what not in self.missing:
            self.missing.append(what)
        return self.say("blank", what=what)

    def fact(self, key: str, value: Text | None, missing: str = "") -> tuple[str, Text]:
        """A name and what it is; a blank for what is not known."""
        return self.say(f"f.{key}"), value or self.blank(missing or key)

    def facts(self, *pairs: tuple[str, Text]) -> Facts:
        """Facts from pairs."""
        return Facts(pairs)

    def heading(self, key: str) -> Heading:
        """A section's heading."""
        return Heading(3, self.say(f"s.{key}"))

    def listed(self, texts: Sequence[Text], missing: str) -> Block:
        """A list; a blank for an empty one. One text is a paragraph."""
        if not texts:
            return Para(self.blank(missing))
        return Para(texts[0]) if len(texts) == 1 else Items(tuple(texts))

    def answered(self, value: bool | None) -> str | None:
        """yes, no, or None for what nobody answered."""
        return None if value is None else self.say("yes" if value else "no")

    def aware(self) -> Text | None:
        """Since when the bearer is aware, and who decided so."""
        found = self.brief.aware(self.duty.law) if self.duty else None
        return self.say.rich("f.aware.text", at=self.say.moment(found.at), person=found.person) if found else None

    def names(self, names: Iterable[str]) -> Text | None:
        """Names from outside, each kept apart; None for none."""
        return joined(Code(name) for name in names) or None
