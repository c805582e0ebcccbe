"""The modifiers of Sigma 2.1. Adding one: a small class with `names` and `apply`, one line here, one case file."""

from __future__ import annotations

from kulla.detect.modifiers._api import Choice, Draft, Item, Modifier, Phrase, Raw, scalar_text
from kulla.detect.modifiers.encoding import Base64, Base64Offset, Utf16, utf16_text
from kulla.detect.modifiers.expression import (
    CidrNetwork,
    Comparison,
    Existence,
    Expand,
    FieldReference,
    Flag,
    Re,
    TimeUnitOf,
)  # fmt: skip
from kulla.detect.modifiers.logic import All, NotEqual
from kulla.detect.modifiers.text import Anchor, Cased, Windash

__all__ = ["BY_NAME", "MODIFIERS", "Choice", "Draft", "Item", "Modifier", "Phrase", "Raw", "scalar_text", "utf16_text"]

MODIFIERS: tuple[Modifier, ...] = (
    Anchor("contains"), Anchor("startswith"), Anchor("endswith"), Cased(), Windash(),
    All(), NotEqual(), Existence(), FieldReference(), Expand(),
    Re(), Flag("i", ("i", "ignorecase")), Flag("m", ("m", "multiline")), Flag("s", ("s", "dotall")),
    Base64(), Base64Offset(),
    Utf16("utf16le", ("utf16le", "wide")), Utf16("utf16be", ("utf16be",)), Utf16("utf16", ("utf16",)),
    CidrNetwork(), Comparison("lt"), Comparison("lte"), Comparison("gt"), Comparison("gte"),
    TimeUnitOf("minute"), TimeUnitOf("hour"), TimeUnitOf("day"),
    TimeUnitOf("week"), TimeUnitOf("month"), TimeUnitOf("year"),
)  # fmt: skip

BY_NAME: dict[str, Modifier] = {name: modifier for modifier in MODIFIERS for name in modifier.names}
