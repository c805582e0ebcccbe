"""Modifiers of plain text: where in the value it stands, its case, and the dashes of Windows command lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal

from kulla.detect.modifiers._api import Choice, Draft, Item, Phrase, phrase
from kulla.detect.pattern import normal
from kulla.detect.rule import FieldRef, Wild
from kulla.errors import RuleError


@dataclass(frozen=True, slots=True)
class Anchor:
    """`contains`, `startswith`, `endswith`: wildcards around the text; for `fieldref`, the relation."""

    name: Literal["contains", "startswith", "endswith"]

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name,)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        if isinstance(value, FieldRef) and value.relation == "equals":
            return replace(value, relation=self.name)
        text = phrase(value, self.name)
        if text.anchor is not None:
            raise RuleError(f"`{text.anchor}` and `{self.name}` exclude each other: keep one of them")
        before = (Wild.MANY,) if self.name != "startswith" else ()
        after = (Wild.MANY,) if self.name != "endswith" else ()
        parts = normal((*before, *text.parts, *after))
        return Phrase(parts, text.cased, text.encoding, text.encoded, self.name)


class Cased:
    """`cased`: text, or the text of another field, is compared with its case."""

    names = ("cased",)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        return (
            replace(value, cased=True) if isinstance(value, FieldRef) else replace(phrase(value, "cased"), cased=True)
        )


class Windash:
    """`windash`: a dash or slash that opens a word stands for any of the five that Windows programs accept.

    A mark opens a word when a letter, digit or underscore follows and none stands before it in the literal.
    """

    names = ("windash",)
    dashes = ("-", "/", "\u2013", "\u2014", "\u2015")
    most = 4
    _mark = re.compile("(?<!\\w)[-/\u2013\u2014\u2015](?=\\w)")

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        text = phrase(value, "windash")
        if text.encoded or text.encoding:
            raise RuleError("`windash` must come before the encodings: `windash|base64offset`")
        marks = sum(len(self._mark.findall(part)) for part in text.parts if isinstance(part, str))
        if marks == 0:
            return text
        if marks > self.most:
            raise RuleError(f"`windash` with {marks} dashes makes {5**marks:,} variants: split the value at its blanks")
        return Choice(tuple(self._filled(text, dashes) for dashes in product(self.dashes, repeat=marks)))

    def _filled(self, text: Phrase, dashes: tuple[str, ...]) -> Phrase:
        left = iter(dashes)
        parts = [part if isinstance(part, Wild) else self._mark.sub(lambda _: next(left), part) for part in text.parts]
        return replace(text, parts=tuple(parts))
