"""JSON documents that are no lines: arrays of events, and events printed over several lines.

`[{…}, {…}]`, one object around a single array of events (CloudTrail's `{"Records": […]}`, Azure's `{"value": […]}`),
and objects one after the other, pretty-printed or not. The elements are found by a scan for brackets outside
strings that holds no more than one element, so a file of any size is read, and one that is cut off gives all its
complete elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

import numpy as np
import pyarrow as pa

from kulla.events.formats._api import Context, Cut, Parsed, Reject
from kulla.events.jsonevents import NO_UTF8, Texts, events_of
from kulla.events.jsonread import load
from kulla.events.lines import LONGEST, blocks, encoding

_KEPT = 64 << 10
_TOKEN = re.compile(rb'[{}\[\]]|"(?:[^"\\]++|\\.)*+"|"', re.DOTALL)
_OPENING = 256 << 10
"""Bytes to look at before deciding what is around the elements."""

Found: TypeAlias = tuple[bytes, str | None]
"""A top-level element, with a reason when it is none."""
_GAP = b" \t\r\n,\0\x1e"
"""What may lie between elements: blanks, commas, the record separator of RFC 7464."""

_WRAPPED = re.compile(
    rb'\{(?:\s*"[^"\\]{0,200}"\s*:\s*(?:"[^"\\]{0,2000}"|[-+\w.]{1,40})\s*,){0,20}\s*"[^"\\]{0,200}"\s*:\s*\[\s*(?=[{\]])'
)
"""An object that opens with at most a few scalars (Azure's @odata.context) before an array of objects."""

CUT_OFF = "the file ends inside this element"
NO_ELEMENT = "not a JSON object"


@dataclass(slots=True)
class _Elements:
    """Elements of a run as they are found."""

    first: int
    texts: list[str] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    size: int = 0

    def parsed(self, name: str, context: Context) -> Parsed:
        texts = Texts(
            pa.array(self.texts, pa.large_string()), np.array(self.position, np.int64), self.rejects, unit="element"
        )
        return events_of(name, texts, context)

    def add(self, number: int, element: bytes) -> None:
        self.size += len(element)
        try:
            self.texts.append(element.decode())
        except UnicodeDecodeError:
            self.rejects.append(Reject(number, NO_UTF8, element, "element"))
        else:
            self.position.append(number)


class JsonArray:
    """Arrays of events. Positions are the elements' numbers, from 1."""

    name = "json_array"
    untrusted_binary = False

    def sniff(self, head: bytes, name: str) -> int:
        """Surer than the line format where the first object or array does not end on its line."""
        text = head.decode(encoding(head), "replace").removeprefix("\ufeff").lstrip(" \t\r\n\0").encode()
        if text.startswith(b"["):
            return 60 if re.match(rb"\[\s*(\{\s*[\"}]|\]\s*$)", text) else 0
        if not text.startswith(b"{"):
            return 0
        if _WRAPPED.match(text):
            return 55
        line = text.split(b"\n", 1)[0].rstrip()
        if not re.match(rb'\{\s*(?:"|\}|$)', text):
            return 0
        if line != text.rstrip() and load(line.decode("utf-8", "replace")) is None:
            return 45 if re.match(rb'\{\s*"[^"\\]*"\s*:', text) else 0
        return 30

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """One part: where an element begins is known only from the start."""
        return [Cut(0, size)]

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        number = context.first_position
        run = _Elements(number)
        for element, problem in _scan(blocks(stream, part)):
            if problem is None:
                run.add(number, element)
            else:
                run.rejects.append(
                    Reject(number, problem, element if len(element) < LONGEST else element[:_KEPT], "element")
                )
            number += 1
            if run.size >= context.batch_bytes or max(len(run.texts), len(run.rejects)) >= context.batch_events:
                yield run.parsed(self.name, context)
                run = _Elements(number)
        if run.texts or run.rejects:
            yield run.parsed(self.name, context)


def _scan(found: Iterator[bytes]) -> Iterator[Found]:
    """Each top-level element, with a reason when it is none."""
    scanner = _Scanner()
    for block in found:
        yield from scanner.feed(block)
    yield from scanner.finish()


class _Scanner:
    """Finds where objects begin and end. `_held` is what is not yet given out, `_at` how far it has been looked at."""

    def __init__(self) -> None:
        self._held = b""
        self._at = 0
        self._depth = 0
        self._around = b""
        self._begun = False

    def feed(self, block: bytes, final: bool = False) -> Iterator[Found]:
        """The elements that end in this block, or at the end of the input when it is the last."""
        self._held += block
        while self._begun or final or len(self._held) >= _OPENING:
            if not self._begun:
                self._begin()
            yield from self._elements()
            if self._begun or not self._held:
                break
        if len(self._held) >= 2 * LONGEST:
            # Longer than any element may be: given up, and the search goes on behind it.
            yield self._held, f"over the limit of {LONGEST} bytes"
            self._held, self._at, self._depth = b"", 0, 0

    def finish(self) -> Iterator[Found]:
        """What is left when the input has ended."""
        yield from self.feed(b"", final=True)
        rest = self._held.strip(_GAP)
        if rest:
            yield rest, CUT_OFF if self._depth else NO_ELEMENT

    def _begin(self) -> None:
        """Pass by the array, or the object around it, that holds the elements."""
        self._begun = True
        self._held = self._held.lstrip(_GAP)
        wrapped = _WRAPPED.match(self._held)
        if wrapped:
            self._held, self._around = self._held[wrapped.end() :], b"]}"
        elif self._held.startswith(b"["):
            self._held, self._around = self._held[1:], b"]"

    def _elements(self) -> Iterator[Found]:
        """The complete elements of what is held, until the array around them ends and another may begin."""
        start, at, held = 0, self._at, self._held
        for token in _TOKEN.finditer(held, at):
            mark = token.group()
            if mark == b'"':
                break
            at = token.end()
            if mark in (b"{", b"["):
                if not self._depth:
                    yield from self._gap(held[start : token.start()])
                    start = token.start()
                self._depth += 1
            elif mark in (b"}", b"]") and self._depth:
                self._depth -= 1
                if not self._depth:
                    element = held[start:at]
                    yield element, None if len(element) < LONGEST else f"over the limit of {LONGEST} bytes"
                    start = at
            elif mark in (b"}", b"]"):
                yield from self._gap(held[start : token.start()])
                start = at
                if mark == self._around[:1]:
                    self._around = self._around[1:]
                    if not self._around:
                        self._begun = False
                        break
        self._held, self._at = held[start:], at - start

    def _gap(self, between: bytes) -> Iterator[Found]:
        """Anything but blanks between elements was none; after the array, it is what the object around says."""
        rest = between.strip(_GAP)
        if rest and self._around != b"}":
            yield rest, NO_ELEMENT
