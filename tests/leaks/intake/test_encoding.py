"""Encodings told from bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.intake.encoding import encoding

ALBANIAN = "Emri;Mbiemri;Adresa\nÇelë;Hoxhë;Rruga e Dëshmorëve, Kuçovë\nGëzim;Përpunja;Vlorë\n" * 5
CROATIAN = "Ime;Prezime;Grad\nŽeljko;Šarić;Čakovec\nĐorđe;Kovačević;Požega\nNikša;Brešković;Šibenik\n" * 5


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", [ALBANIAN, CROATIAN, "a;b\n1;2\n"])
def test_unicode(codec: str, text: str) -> None:
    name = encoding(text.encode(codec))
    assert name is not None
    assert text.encode(codec).decode(name) == text


@pytest.mark.parametrize("codec", ["cp1250", "cp1252", "iso8859_2", "latin-1"])
def test_albanian_in_any_page(codec: str) -> None:
    name = encoding(ALBANIAN.encode(codec))
    assert name is not None
    assert ALBANIAN.encode(codec).decode(name) == ALBANIAN


def test_neighbours_in_the_page_of_windows() -> None:
    name = encoding(CROATIAN.encode("cp1250"))
    assert name is not None
    assert CROATIAN.encode("cp1250").decode(name) == CROATIAN


def test_a_text_cut_within_a_character_is_utf8() -> None:
    assert encoding("Emri;Çelë".encode()[:-1]) == "utf-8"
    assert encoding(("Emri;Çelë\n" * 3).encode() + b"\xeb") is not None


@pytest.mark.parametrize("data", [b"", bytes(100), bytes(range(256)), b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_what_is_no_text(data: bytes) -> None:
    assert encoding(data) is None


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C"]), min_size=1).filter(str.strip))
def test_every_utf8_text_is_told(text: str) -> None:
    assert encoding(("a;" + text).encode()) == "utf-8"


@given(st.binary(max_size=100))
def test_a_name_can_be_used(data: bytes) -> None:
    name = encoding(data)
    assert name is None or isinstance(data.decode(name, "replace"), str)
