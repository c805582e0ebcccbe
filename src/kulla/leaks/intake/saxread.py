"""Large XML read as it streams by, through expat: no document type, so no entities and nothing looked up."""

from __future__ import annotations

from typing import BinaryIO, Final, Protocol
from xml.parsers import expat

from kulla.errors import InputError, UnsafeInput
from kulla.leaks.intake._api import LONGEST

_STEP: Final = 1 << 18


class Handler(Protocol):
    """What is done with elements. Names are without namespaces."""

    def start(self, name: str, attributes: dict[str, str]) -> bool:
        """An element begins; whether its text is wanted."""

    def end(self, name: str, text: str) -> None:
        """An element ends; its text if it was wanted, up to the first element inside."""


def parse(stream: BinaryIO, handler: Handler) -> None:
    """Read a document to its end. Raises InputError when it is damaged, UnsafeInput when it declares a type."""
    reader = _Reader(handler)
    try:
        while data := stream.read(_STEP):
            reader.parser.Parse(data, False)
        reader.parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise InputError(f"damaged XML (line {error.lineno})") from None


class _Reader:
    def __init__(self, handler: Handler) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self._handler = handler
        self._text: list[str] = []
        self._size = 0

    def _refuse(self, *_: object) -> None:
        raise UnsafeInput("XML with a document type declaration, which no spreadsheet has; refused")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        wanted = self._handler.start(name.rpartition(" ")[2], attributes)
        self._text, self._size = [], 0
        self.parser.CharacterDataHandler = self._characters if wanted else None

    def _characters(self, text: str) -> None:
        self._size += len(text)
        if self._size > LONGEST:
            raise UnsafeInput(f"a cell of more than {LONGEST} characters")
        self._text.append(text)

    def _end(self, name: str) -> None:
        self._handler.end(name.rpartition(" ")[2], "".join(self._text))
        self._text = []
        self.parser.CharacterDataHandler = None
