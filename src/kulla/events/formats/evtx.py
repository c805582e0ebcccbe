"""EVTX, the binary event log of Windows since Vista (MS-EVEN6 2.2; libyal's description of the format).

A header of 4 KiB, then chunks of 64 KiB that can be read on their own. Each record becomes the JSON rendering of
its XML, which is its raw text. A chunk or record that is broken becomes a reject with its byte offset, and the
chunks after it are read. A file with a broken header, or none, is read from where its chunks lie.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import BinaryIO

import numpy as np
import pyarrow as pa
from evtx import PyEvtxParser

from kulla.events.formats._api import Bundle, Context, Cut, Parsed, Reject
from kulla.events.jsonevents import Texts, events_of

FILE_MAGIC, CHUNK_MAGIC = b"ElfFile\0", b"ElfChnk\0"
_CHUNK, _HEADER = 64 << 10, 4 << 10
_MOST_RECORDS = _CHUNK // 24
"""Records that fit into a chunk: each has a header of 24 bytes."""

_LARGEST = (1 << 63) - 1
"""Record numbers are unsigned; only damage makes one that a position cannot hold."""

BYTES = "byte offset"


@dataclass(slots=True)
class _Records:
    """Records of a run as they are read."""

    texts: list[str] = field(default_factory=list)
    position: list[int] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    size: int = 0

    def add(self, record: dict[str, object]) -> None:
        text = str(record["data"])
        self.texts.append(text)
        self.position.append(int(str(record["event_record_id"])) & _LARGEST)
        self.size += len(text)

    def parsed(self, name: str, context: Context) -> Parsed:
        raw = pa.array(self.texts, pa.large_string())
        texts = Texts(raw, np.array(self.position, np.int64), self.rejects, unit="record")
        return events_of(name, texts, context, flat=False)


class Evtx:
    """Event logs of Windows. Positions are EventRecordIDs."""

    name = "evtx"
    untrusted_binary = True

    def sniff(self, head: bytes, name: str) -> int:
        if head.startswith((FILE_MAGIC, CHUNK_MAGIC)):
            return 100
        return 90 if head[_HEADER : _HEADER + len(CHUNK_MAGIC)] == CHUNK_MAGIC else 0

    def cut(self, stream: BinaryIO, size: int, aim: int) -> Sequence[Cut]:
        """Parts end at chunks; the first has the file's header too."""
        stream.seek(0)
        start = _start(stream.read(_HEADER + len(CHUNK_MAGIC)))
        step = max(aim // _CHUNK, 1) * _CHUNK
        bounds = [0, *range(start + step, size, step), size]
        return [Cut(begin, end) for begin, end in pairwise(bounds)]

    def read(self, stream: BinaryIO, part: Cut | None, context: Context) -> Iterator[Parsed]:
        records = _Records()
        for offset, chunk in _chunks(stream, part):
            _take(offset, chunk, records)
            if records.size >= context.batch_bytes or len(records.texts) >= context.batch_events:
                yield records.parsed(self.name, context)
                records = _Records()
        if records.texts or records.rejects:
            yield records.parsed(self.name, context)

    def read_bundle(self, streams: Iterable[BinaryIO], context: Context) -> Bundle:
        """Several small files as one run: their records in one pass. Parts of a batch cost little, batches do not."""
        records, owner = _Records(), []
        rejects: list[list[Reject]] = []
        for number, stream in enumerate(streams):
            before, records.rejects = len(records.texts), []
            for offset, chunk in _chunks(stream, None):
                _take(offset, chunk, records)
            owner += [number] * (len(records.texts) - before)
            rejects.append(records.rejects)
        numbers, owners = np.array(records.position, np.int64), np.array(owner, np.int32)
        texts = Texts(pa.array(records.texts, pa.large_string()), np.arange(len(numbers)), [], unit="record")
        parsed = events_of(self.name, texts, context, flat=False)
        for each in parsed.rejects:
            rejects[owners[each.position]].append(replace(each, position=int(numbers[each.position])))
        owners, parsed.position = owners[parsed.position], numbers[parsed.position]
        parsed.rejects = []
        return Bundle(parsed, owners, rejects)


def _take(offset: int, piece: bytes, records: _Records) -> None:
    """A file's header, or a chunk."""
    if offset or piece.startswith(CHUNK_MAGIC):
        _read_chunk(offset, piece, records)
    elif (problem := _header_problem(piece)) is not None:
        records.rejects.append(Reject(0, problem, piece, BYTES))


def _start(head: bytes) -> int:
    """Where the first chunk lies, by the file's first bytes."""
    if head.startswith(CHUNK_MAGIC):
        return 0
    return _HEADER


def _header_problem(header: bytes) -> str | None:
    if len(header) < _HEADER:
        return "the file ends inside its header"
    return None if header.startswith(FILE_MAGIC) else "a file header without its signature; its chunks are read"


def _chunks(stream: BinaryIO, part: Cut | None) -> Iterator[tuple[int, bytes]]:
    """The file's header if the part has it, then each chunk, with their offsets; the last may be short."""
    offset, left = (0, None) if part is None else (part.start, part.stop - part.start)
    if part is not None:
        stream.seek(offset)
    first = _exactly(stream, _HEADER if offset == 0 else 0, left)
    if offset == 0 and first.startswith(CHUNK_MAGIC):
        first += _exactly(stream, _CHUNK - len(first), None if left is None else left - len(first))
    chunk = first
    while True:
        if chunk:
            yield offset, chunk
        offset += len(chunk)
        left = None if left is None else left - len(chunk)
        chunk = _exactly(stream, _CHUNK, left)
        if not chunk:
            return


def _exactly(stream: BinaryIO, size: int, left: int | None) -> bytes:
    """`size` bytes, or what is left of the part or stream."""
    if left is not None:
        size = min(size, left)
    pieces: list[bytes] = []
    while size > 0:
        piece = stream.read(size)
        if not piece:
            break
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _header() -> bytes:
    """A file header for one chunk (libyal, 2. File header), so that any chunk is a file of its own."""
    header = bytearray(_HEADER)
    header[:8] = FILE_MAGIC
    header[24:32] = (1).to_bytes(8, "little")
    header[32:36] = (128).to_bytes(4, "little")
    header[36:38], header[38:40] = (1).to_bytes(2, "little"), (3).to_bytes(2, "little")
    header[40:42], header[42:44] = _HEADER.to_bytes(2, "little"), (1).to_bytes(2, "little")
    return bytes(header)


_FILE_HEADER = _header()


def _read_chunk(offset: int, chunk: bytes, records: _Records) -> None:
    """The records of one chunk; what is broken in it becomes one reject, and what follows in it is tried on."""
    if not chunk.startswith(CHUNK_MAGIC):
        if chunk.strip(b"\0"):
            records.rejects.append(Reject(offset, "a chunk without its signature", chunk, BYTES))
        return
    problems = dict.fromkeys(_problems(chunk.ljust(_CHUNK, b"\0"), records))
    if len(chunk) < _CHUNK:
        problems["the file ends inside this chunk"] = None
    if problems:
        records.rejects.append(Reject(offset, "; ".join(problems), chunk, BYTES))


def _problems(chunk: bytes, records: _Records) -> Iterator[str]:
    """Read a chunk's records; a reason for each break."""
    try:
        found = PyEvtxParser(io.BytesIO(_FILE_HEADER + chunk), number_of_threads=1, indent=False).records_json()
    except (RuntimeError, OSError, ValueError):
        yield "a chunk that cannot be read"
        return
    for _ in range(_MOST_RECORDS):
        try:
            record = next(found)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError) as error:
            yield _reason(str(error))
        except BaseException as error:
            # A panic of the library arrives as pyo3's PanicException, which derives from BaseException alone.
            if type(error).__name__ != "PanicException":
                raise
            yield "content that the parser broke down on; records after it in this chunk may be lost"
            return
        else:
            if record is not None:
                records.add(record)


def _reason(error: str) -> str:
    """Why a record could not be read, without the bytes that the library quotes."""
    if "chunk header" in error:
        return "a chunk whose header is broken"
    if "record header" in error or "data size" in error:
        return "a broken record header; records after it in this chunk may be lost"
    return "a record whose content is broken"
