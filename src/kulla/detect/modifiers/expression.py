"""Modifiers that make a test other than text: regular expressions, networks, numbers, times, other fields."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from kulla.detect import numbers
from kulla.detect.modifiers._api import Draft, Item, Raw, scalar_text, untouched
from kulla.detect.pattern import parse_pattern
from kulla.detect.regex import compile_regex
from kulla.detect.rule import Cidr, Compare, Exists, FieldRef, Operator, Regex, TimePart, TimeUnit, Wild
from kulla.detect.timeparts import RANGES
from kulla.errors import RuleError


class Re:
    """`re`: a regular expression, found anywhere in the value; case-sensitive unless `i` follows."""

    names = ("re",)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        raw = untouched(value, "re")
        if raw is None:
            raise RuleError("`re` needs an expression, not null")
        test = Regex(scalar_text(raw))
        compile_regex(test)
        return test


@dataclass(frozen=True, slots=True)
class Flag:
    """`i`, `m`, `s` after `re`: ignore case; ^ and $ at lines; dot matches newline."""

    letter: str
    names: tuple[str, ...]

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        if not isinstance(value, Regex):
            raise RuleError(f"`{self.names[0]}` is a flag of `re`: write `re|{self.names[0]}`")
        return replace(value, flags="".join(sorted({*value.flags, self.letter})))


class CidrNetwork:
    """`cidr`: the value is an address in the network, IPv4 or IPv6."""

    names = ("cidr",)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        raw = untouched(value, "cidr")
        if not isinstance(raw, str):
            raise RuleError("`cidr` needs a network as text, such as 10.0.0.0/8 or fd00::/8")
        try:
            return Cidr(ipaddress.ip_network(raw))
        except ValueError:
            raise RuleError(f"`cidr` cannot read `{raw[:60]}`: {_network_advice(raw)}") from None


def _network_advice(raw: str) -> str:
    try:
        return f"it has bits beyond its prefix; write {ipaddress.ip_network(raw, strict=False)}"
    except ValueError:
        return "write a network such as 10.0.0.0/8 or fd00::/8"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`lt`, `lte`, `gt`, `gte`: the value is a number, or a part of a time, in this relation."""

    operator: Operator

    @property
    def names(self) -> tuple[str, ...]:
        return (self.operator,)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        if isinstance(value, TimePart) and value.operator == "eq":
            return replace(value, operator=self.operator)
        raw = untouched(value, self.operator)
        found = None if raw is None or isinstance(raw, bool) else numbers.number(scalar_text(raw))
        if found is None:
            raise RuleError(f"`{self.operator}` needs a number")
        return Compare(self.operator, found)


@dataclass(frozen=True, slots=True)
class TimeUnitOf:
    """`minute`, `hour`, `day`, `week`, `month`, `year`: that part of the value equals a number.

    One of lt, lte, gt, gte before or after it makes it a comparison.
    """

    unit: TimeUnit

    @property
    def names(self) -> tuple[str, ...]:
        return (self.unit,)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        operator: Operator = "eq"
        if isinstance(value, Compare):
            operator, found = value.operator, value.number
        else:
            raw = untouched(value, self.unit)
            found = -1.0 if raw is None or isinstance(raw, bool) else numbers.number(scalar_text(raw)) or 0.0
            if isinstance(raw, str) and numbers.number(raw) is None:
                found = -1.0
        low, high = RANGES[self.unit]
        if not found.is_integer() or not low <= found <= high:
            raise RuleError(f"`{self.unit}` needs a whole number from {low} to {high}")
        return TimePart(self.unit, operator, int(found))


class Existence:
    """`exists`: the field is there (true), whatever its value, or is not (false)."""

    names = ("exists",)

    def apply(self, item: Item) -> Item:
        if item.field is None:
            raise RuleError("`exists` needs a field: write `Field|exists: true`")
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        raw = untouched(value, "exists")
        if not isinstance(raw, bool):
            raise RuleError("`exists` needs true or false")
        return Exists(raw)


class FieldReference:
    """`fieldref`: the value equals (or contains, startswith, endswith) that of another field of the event."""

    names = ("fieldref",)

    def apply(self, item: Item) -> Item:
        if item.field is None:
            raise RuleError("`fieldref` needs a field on both sides: write `Field|fieldref: OtherField`")
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        raw = untouched(value, "fieldref")
        parts = parse_pattern(raw) if isinstance(raw, str) else ()
        if not parts or any(isinstance(part, Wild) for part in parts):
            raise RuleError("`fieldref` needs the name of a field, without wildcards")
        return FieldRef(parts[0] if isinstance(parts[0], str) else "")


class Expand:
    """`expand`: every `%name%` stands for each of the values given for it. Applied before all others."""

    names = ("expand",)

    def apply(self, item: Item) -> Item:
        values: list[Draft] = []
        for value in item.values:
            raw = untouched(value, "expand")
            if not isinstance(raw, str):
                raise RuleError("`expand` needs text that holds a placeholder: '%name%'")
            values += [Raw(text) for text in item.expansion.expand(raw)]
        return replace(item, values=tuple(values))
