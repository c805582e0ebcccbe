from __future__ import annotations

import io
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.vault import stream
from kulla.centre.vault.stream import Sealer, Unsealed, sealed_size, unsealed
from kulla.errors import InputError

KEY = bytes(range(32))


def sealed(parts: list[bytes], key: bytes = KEY, context: bytes = b"c") -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out.write, key, context)
    for part in parts:
        assert sealer.write(part) == len(part)
    sealer.close()
    return out.getvalue()


def opened(data: bytes, key: bytes = KEY, context: bytes = b"c") -> bytes:
    return b"".join(unsealed(io.BytesIO(data), key, context))


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> object:
    """Chunks of 8 bytes: many of them in a small stream."""
    patch = pytest.MonkeyPatch()
    patch.setattr(stream, "CHUNK", 8)
    yield
    patch.undo()


@given(st.lists(st.binary(max_size=20), max_size=6))
def test_what_is_sealed_is_opened(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    data = sealed(parts)
    assert opened(data) == whole
    assert len(data) == sealed_size(len(whole))
    assert data == sealed([whole]), "how it comes in pieces changes nothing"


@given(st.binary(min_size=0, max_size=40), st.data())
def test_any_byte_altered_is_found(whole: bytes, data: st.DataObject) -> None:
    good = sealed([whole])
    at = data.draw(st.integers(0, len(good) - 1))
    flip = data.draw(st.integers(1, 255))
    with pytest.raises(InputError):
        opened(good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :])


@given(st.binary(min_size=0, max_size=40), st.data())
def test_a_stream_cut_short_or_longer_is_found(whole: bytes, data: st.DataObject) -> None:
    good = sealed([whole])
    with pytest.raises(InputError):
        opened(good[: data.draw(st.integers(0, len(good) - 1))])
    with pytest.raises(InputError):
        opened(good + data.draw(st.binary(min_size=1, max_size=30)))


@given(st.binary(min_size=17, max_size=60), st.data())
def test_chunks_put_elsewhere_left_out_or_doubled_are_found(whole: bytes, data: st.DataObject) -> None:
    good = sealed([whole])
    chunks = [good[at : at + 24] for at in range(0, len(good), 24)]
    order = data.draw(st.lists(st.sampled_from(range(len(chunks))), max_size=len(chunks) + 1))
    changed = b"".join(chunks[at] for at in order)
    if changed != good:
        with pytest.raises(InputError):
            opened(changed)


def test_another_key_or_purpose_opens_nothing() -> None:
    for key, context in ((bytes(32), b"c"), (KEY, b"d")):
        with pytest.raises(InputError, match="mebibyte 1"):
            opened(sealed([b"x"]), key, context)


def test_an_empty_last_piece_is_no_other_form_of_the_same() -> None:
    out = io.BytesIO()
    sealer = Sealer(out.write, KEY, b"c")
    sealer.write(bytes(8))
    sealer._seal(last=False)
    sealer.close()
    with pytest.raises(InputError, match="empty piece"):
        opened(out.getvalue())


def test_nothing_is_given_before_it_is_authenticated() -> None:
    good = sealed([bytes(20)])
    blocks = unsealed(io.BytesIO(good[:30] + bytes([good[30] ^ 1]) + good[31:]), KEY, b"c")
    assert next(blocks) == bytes(8)
    with pytest.raises(InputError, match="mebibyte 2"):
        next(blocks)


@given(st.binary(max_size=50), st.lists(st.integers(1, 30), max_size=8))
def test_as_a_file_it_gives_what_is_asked_for(whole: bytes, sizes: list[int]) -> None:
    mine, plain = Unsealed(unsealed(io.BytesIO(sealed([whole])), KEY, b"c")), io.BytesIO(whole)
    for size in sizes:
        assert mine.read(size) == plain.read(size)
    assert mine.read() == plain.read()


class Dripping:
    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int, /) -> bytes:
        return self._file.read(min(size, 3))


def test_a_source_that_gives_little_at_a_time_is_read_whole() -> None:
    whole = os.urandom(45)
    assert b"".join(unsealed(Dripping(sealed([whole])), KEY, b"c")) == whole
