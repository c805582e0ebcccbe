from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import pytest

from kulla.errors import UsageError
from kulla.events.formats._api import Context, Cut, Parsed
from kulla.events.sniff import HEAD, THRESHOLD, choose, named


@dataclass
class Sure:
    name: str
    word: bytes
    sure: int
    untrusted_binary: bool = False

    def sniff(self, head: bytes, name: str) -> int:
        assert len(head) <= HEAD
        return self.sure if self.word in head else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        return [Cut(0, size)]

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        yield from ()


FORMATS = (Sure("low", b"a", THRESHOLD - 1), Sure("first", b"b", 50), Sure("second", b"b", 50), Sure("best", b"c", 90))


@pytest.mark.parametrize(("head", "name"), [(b"a", None), (b"b", "first"), (b"bc", "best"), (b"", None), (b"z", None)])
def test_the_surest_is_chosen(head: bytes, name: str | None) -> None:
    found = choose(head, "x.log", FORMATS)
    assert (found.name if found else None) == name


def test_only_the_head_is_looked_at() -> None:
    assert choose(b" " * HEAD + b"c", "x", FORMATS) is None


def test_by_name() -> None:
    assert named("BEST", FORMATS).name == "best"
    with pytest.raises(UsageError, match="low, first, second, best"):
        named("none", FORMATS)
