"""Modifiers of the whole list of values: all of them, none of them."""

from __future__ import annotations

from dataclasses import replace

from kulla.detect.modifiers._api import Item
from kulla.errors import RuleError


class All:
    """`all`: every value of the list must be met, not just one."""

    names = ("all",)

    def apply(self, item: Item) -> Item:
        return replace(item, every=True)


class NotEqual:
    """`neq`: what the item says without it does not hold; so it holds when the field is absent."""

    names = ("neq",)

    def apply(self, item: Item) -> Item:
        if item.negated:
            raise RuleError("`neq` stands twice: remove one")
        return replace(item, negated=True)
