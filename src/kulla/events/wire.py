"""Values over a socket between a worker and its parent: pickle protocol 5 with buffers out of band.

A frame is a count N (u32), N lengths (u64), and N payloads: the pickle, then its buffers (Arrow's and NumPy's, not
copied into the pickle). The worker has read untrusted data, so the parent unpickles only known harmless classes: a
worker that was taken over cannot make its parent call anything.
"""

from __future__ import annotations

import io
import pickle
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import is_dataclass
from enum import Enum
from typing import Any, Final

from kulla.errors import KullaError

_COUNT: Final = struct.Struct("<I")
_MOST_PARTS: Final = 1 << 20
_LARGEST: Final = 2 << 30

_SAFE: Final = {
    "builtins": {"bytearray", "complex", "frozenset", "set", "range", "slice", "object"},
    "collections": {"OrderedDict", "deque", "Counter"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "decimal": {"Decimal"},
    "copyreg": {"_reconstructor"},
    "ipaddress": {"IPv4Network", "IPv6Network", "IPv4Address", "IPv6Address"},
    "pyarrow.lib": {
        "_reconstruct_record_batch", "_reconstruct_table", "_restore_array", "binary", "binary_view", "chunked_array",
        "decimal128", "decimal256", "dictionary", "field", "large_list", "list_", "map_", "py_buffer", "scalar",
        "schema", "string_view", "struct", "time32", "time64", "timestamp", "duration", "type_for_alias",
    },
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
    "zoneinfo": {"ZoneInfo"},
}  # fmt: skip

_MALFORMED: Final = (
    pickle.UnpicklingError,
    ArithmeticError,
    AttributeError,
    BufferError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    struct.error,
)
"""What unpickling raises on bad data, besides ValueError."""


def dump(value: object) -> list[memoryview | bytes]:
    """The payloads of a frame."""
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
    return [data, *(buffer.raw() for buffer in buffers)]


def send(connection: socket.socket, value: object) -> None:
    """Write one frame; blocks while the reader does not read."""
    parts = dump(value)
    lengths = [memoryview(part).nbytes for part in parts]
    connection.sendall(_COUNT.pack(len(parts)) + struct.pack(f"<{len(lengths)}Q", *lengths))
    for part in parts:
        connection.sendall(part)


class Inbox:
    """Puts frames together from a socket that is read a little at a time."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._parts: list[bytearray] = []
        self._lengths: list[int] | None = None
        self._view = memoryview(bytearray(_COUNT.size))
        self._filled = 0

    def receive(self, connection: socket.socket) -> list[bytearray] | None:
        """Read once. The payloads of a frame when one is complete, else an empty list; None at the end of the stream.

        Raises ValueError when the sender does not keep to the format."""
        count = connection.recv_into(self._view[self._filled :])
        if not count:
            return None
        self._filled += count
        while self._filled == len(self._view):
            if (frame := self._advance()) is not None:
                return frame
        return []

    def _advance(self) -> list[bytearray] | None:
        done = self._view.obj
        assert isinstance(done, bytearray)
        if self._lengths is None:
            if not self._parts and len(done) == _COUNT.size:
                (count,) = _COUNT.unpack(done)
                if not 0 < count <= _MOST_PARTS:
                    raise ValueError("malformed frame")
                self._parts = [bytearray()] * count
                self._expect(8 * count)
                return None
            self._lengths = list(struct.unpack(f"<{len(self._parts)}Q", done))
            if sum(self._lengths) > _LARGEST:
                raise ValueError("malformed frame")
            self._parts = []
        else:
            self._parts.append(done)
        if len(self._parts) < len(self._lengths):
            self._expect(self._lengths[len(self._parts)])
            return None
        frame = self._parts
        self._start()
        return frame

    def _expect(self, size: int) -> None:
        self._view = memoryview(bytearray(size))
        self._filled = 0


def load(frame: Sequence[bytearray], trusted: bool = False) -> Any:
    """The value of a frame. Raises ValueError when it is damaged or names a class that is not allowed."""
    if trusted:
        return pickle.loads(frame[0], buffers=frame[1:])  # noqa: S301 - from our own parent
    try:
        return _Unpickler(io.BytesIO(frame[0]), buffers=frame[1:]).load()
    except _MALFORMED as error:
        raise ValueError("malformed result") from error


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name in _SAFE.get(module, ()):
            return super().find_class(module, name)
        if module.startswith("kulla.") and "." not in name and module in sys.modules:
            found = super().find_class(module, name)
            if _is_value(found):
                return found
        raise pickle.UnpicklingError("a class that is not allowed")


def _is_value(found: object) -> bool:
    """Whether calling it only makes a value: dataclasses, enums, named tuples and Kulla's errors."""
    if not isinstance(found, type):
        return False
    return is_dataclass(found) or issubclass(found, Enum | tuple | KullaError)
