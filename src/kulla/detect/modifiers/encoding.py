"""Modifiers that encode text: UTF-16 in its forms, and base64 at a known or unknown offset."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, replace

from kulla.detect.modifiers._api import Choice, Draft, Item, Phrase, phrase
from kulla.detect.pattern import normal
from kulla.detect.rule import Wild
from kulla.errors import RuleError

_CODECS = {"utf16le": "utf-16-le", "utf16be": "utf-16-be", "utf16": "utf-16-le"}
_BOM = {"utf16": "\ufeff"}


@dataclass(frozen=True, slots=True)
class Utf16:
    """`wide`/`utf16le`, `utf16be`, and `utf16` (little-endian after its byte order mark)."""

    form: str
    names: tuple[str, ...]

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        text = phrase(value, self.names[0])
        if text.encoding is not None:
            raise RuleError(f"`{self.names[0]}`: the text is UTF-16 already; keep one of the encodings")
        if text.encoded or text.anchor:
            raise RuleError(f"`{self.names[0]}` must come before base64, contains, startswith and endswith")
        return replace(text, encoding=self.form)


def utf16_text(text: Phrase) -> Phrase:
    """UTF-16 that no base64 followed: its bytes as characters, which works for ASCII alone.

    Raises `RuleError` for other characters.
    """
    if text.encoding is None or text.encoded:
        return text
    parts: list[str | Wild] = []
    for part in text.parts:
        if isinstance(part, Wild):
            parts.append(part)
            continue
        if not part.isascii():
            raise RuleError("UTF-16 without base64 can hold ASCII characters only: add `base64offset` or use `re`")
        parts.append(part.encode(_CODECS[text.encoding]).decode("ascii"))
    bom = (_BOM[text.encoding],) if text.encoding in _BOM else ()
    at_front = next((n for n, part in enumerate(parts) if isinstance(part, str)), len(parts))
    return replace(text, parts=normal((*parts[:at_front], *bom, *parts[at_front:])), encoding=None)


def _bytes(value: Draft, name: str) -> tuple[Phrase, bytes]:
    """The text and the bytes to be encoded."""
    text = phrase(value, name)
    if text.anchor or text.encoded:
        raise RuleError(f"`{name}` must come once, and before contains, startswith and endswith: `{name}|contains`")
    if any(isinstance(part, Wild) for part in text.parts):
        raise RuleError(f"`{name}` cannot encode wildcards: write `\\*` or `\\?` for the plain characters")
    plain = "".join(part for part in text.parts if isinstance(part, str))
    try:
        if text.encoding is None:
            return text, plain.encode()
        return text, (_BOM.get(text.encoding, "") + plain).encode(_CODECS[text.encoding])
    except UnicodeEncodeError:
        raise RuleError(f"`{name}` cannot encode an unpaired surrogate: write the character itself") from None


class Base64:
    """`base64`: the text as it stands encoded on its own."""

    names = ("base64",)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        text, data = _bytes(value, "base64")
        return replace(text, parts=normal([b64encode(data).decode()]), encoded=True)


class Base64Offset:
    """`base64offset`: the part of the encoded text that does not depend on its neighbours, for all three offsets."""

    names = ("base64offset",)

    def apply(self, item: Item) -> Item:
        return item.each(self._change)

    def _change(self, value: Draft) -> Draft:
        text, data = _bytes(value, "base64offset")
        if not data:
            raise RuleError("`base64offset` needs text: an empty value has no encoding")
        variants = dict.fromkeys(self._variant(data, offset) for offset in range(3))
        if "" in variants:
            raise RuleError("`base64offset` needs a longer text: this one leaves nothing that is the same everywhere")
        return Choice(tuple(replace(text, parts=(variant,), encoded=True) for variant in variants))

    def _variant(self, data: bytes, offset: int) -> str:
        """`data` behind `offset` unknown bytes: characters that hold a bit of a neighbour are cut off."""
        encoded = b64encode(bytes(offset) + data).decode().rstrip("=")
        first = (0, 2, 3)[offset]
        bits = 8 * (offset + len(data))
        return encoded[first : bits // 6]
