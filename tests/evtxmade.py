"""Small EVTX files made for tests, by libyal's description of the format: plain BinXML without templates."""

from __future__ import annotations

import struct
from collections.abc import Mapping

CHUNK = 64 << 10


class _Xml:
    """BinXML whose names are given in place; `at` is where in the chunk its first byte will lie."""

    def __init__(self, at: int) -> None:
        self._at = at
        self.data = bytearray(b"\x0f\x01\x01\x00")

    def _name(self, name: str) -> None:
        self.data += struct.pack("<I", self._at + len(self.data) + 4)
        self.data += struct.pack("<IHH", 0, 0, len(name)) + name.encode("utf-16-le") + b"\0\0"

    def _value(self, text: str) -> None:
        self.data += b"\x05\x01" + struct.pack("<H", len(text)) + text.encode("utf-16-le")

    def element(self, name: str, content: object, attributes: Mapping[str, str] | None = None) -> None:
        """An element with its attributes, and text or (name, content, attributes) of the elements inside."""
        self.data += b"\x41" if attributes else b"\x01"
        self.data += struct.pack("<I", 0)
        size = len(self.data) - 4
        self._name(name)
        if attributes:
            self.data += struct.pack("<I", 0)
            start = len(self.data)
            for number, (key, value) in enumerate(attributes.items(), 1):
                self.data += b"\x46" if number < len(attributes) else b"\x06"
                self._name(key)
                self._value(value)
            self.data[start - 4 : start] = struct.pack("<I", len(self.data) - start)
        self.data += b"\x02"
        if isinstance(content, str):
            self._value(content)
        elif isinstance(content, list):
            for inner in content:
                self.element(*inner)
        self.data += b"\x04"
        self.data[size : size + 4] = struct.pack("<I", len(self.data) - size - 4)


def _record(number: int, data: Mapping[str, str], at: int) -> bytes:
    xml = _Xml(at + 24)
    system = [
        ("Provider", None, {"Name": "Test-Provider"}),
        ("EventID", "4624"),
        ("TimeCreated", None, {"SystemTime": "2026-01-05T10:11:12.500000Z"}),
        ("EventRecordID", str(number)),
        ("Channel", "Security"),
        ("Computer", "host-a"),
    ]
    named = [("Data", value, {"Name": name}) for name, value in data.items()]
    xml.element("Event", [("System", system), ("EventData", named)])
    body = bytes(xml.data) + b"\0"
    size = 24 + len(body) + 4
    return b"\x2a\x2a\0\0" + struct.pack("<IQQ", size, number, 134_000_000_000_000_000) + body + struct.pack("<I", size)


def chunk(first: int, events: list[Mapping[str, str]]) -> bytes:
    """A chunk whose records are numbered from `first`."""
    records = bytearray()
    last = 512
    for number, data in enumerate(events, first):
        last = 512 + len(records)
        records += _record(number, data, last)
    final = first + len(events) - 1
    header = b"ElfChnk\0" + struct.pack("<QQQQIIII", first, final, first, final, 128, last, 512 + len(records), 0)
    return (header.ljust(512, b"\0") + bytes(records)).ljust(CHUNK, b"\0")


def file(chunks: list[bytes]) -> bytes:
    """A file of these chunks."""
    header = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, len(chunks) - 1, 1, 128, 1, 3, 4096, len(chunks))
    return header.ljust(4096, b"\0") + b"".join(chunks)
