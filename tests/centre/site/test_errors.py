"""Errors of rooms in the reader's language: the table against the rooms' own source, and what comes of it."""

from __future__ import annotations

import re

import pytest
from django.utils.translation import override
from errortemplates import templates
from hypothesis import given
from hypothesis import strategies as st

from kulla.centre.hunting.asked import read
from kulla.centre.law.playbook import read_playbook
from kulla.centre.site import errors
from kulla.centre.site.errors import TEXTS, told
from kulla.errors import KullaError
from kulla.lake.language import parse

_PLACE = re.compile(r"%\((\w+)\)s")
VALUES = st.text(alphabet="abcXY0129_-./|*", min_size=1, max_size=8)


def test_every_error_of_a_room_is_in_the_table() -> None:
    """Whoever writes an error in a file of SHOWN adds its template here; whoever takes one away takes it away there."""
    written = {template: place for place, template in templates()}
    missing = {f"{place}: {template}" for template, place in written.items() if template not in TEXTS}
    assert not missing, "add to site.errortexts or site.healthtexts:\n" + "\n".join(sorted(missing))
    assert not set(TEXTS) - set(written), "no room says these any more"
    assert len(TEXTS) == len(set(TEXTS))


@given(st.sampled_from(TEXTS), st.lists(VALUES, min_size=8, max_size=8))
def test_every_text_is_found_again_whatever_fills_it(template: str, values: list[str]) -> None:
    filled = template % dict(zip(_PLACE.findall(template), values, strict=False))
    with override("sq"):
        assert told(filled) != filled
    with override("en"):
        assert told(filled) == filled


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("a:", "pyetja, shenja 3: pas `:` mungon një vlerë; shkruaj emri:* për çdo vlerë"),
        ("(a", "pyetja, shenja 1: kjo `(` nuk mbyllet askund; shto `)`"),
        ("x" * 10_001, "pyetja, shenja 10001: më e gjatë se 10\u00a0000 shenja; pyet me pjesë"),
    ],
)
def test_a_query(query: str, said: str) -> None:
    with pytest.raises(KullaError) as raised:
        parse(query)
    with override("sq"):
        assert told(raised.value) == said


def test_a_rule_with_two_faults_and_one_within_another() -> None:
    text = "title: x\nlogsource: {product: windows}\ndetection: {s: {Image|cidr: '10.0.0.1/8'}, condition: s and zz}\n"
    with pytest.raises(KullaError) as raised:
        read(text)
    with override("sq"):
        said = told(raised.value).splitlines()
    assert said == [
        "rreshti 3: `Image|cidr`: `cidr` nuk e lexon dot `10.0.0.1/8`: ka bite përtej prefiksit; shkruaj 10.0.0.0/8",
        "rreshti 3: kushti përmend `zz`, që zbulimi nuk e përcakton (të përcaktuara: s)",
    ]


def test_a_playbook_with_every_fault_in_its_line() -> None:
    with pytest.raises(KullaError) as raised:
        read_playbook("schema = 1\nid = 'x'\nversion = 'one'\n", "playbook")
    with override("sq"):
        said = told(raised.value).splitlines()
    assert "playbook:3: version: duhet të jetë numër i plotë" in said
    assert "playbook:1: about: mungon" in said


def test_texts_that_a_room_has_joined() -> None:
    with override("sq"):
        assert told("evidence ab: cannot be removed: No space left; From is no single address") == (
            "prova ab: nuk hiqet dot: No space left; From nuk është një adresë e vetme"
        )


def test_a_text_of_nobody_stays() -> None:
    with override("sq"):
        assert told("Somebody's own words: 7 of them; no more") == "Somebody's own words: 7 of them; no more"
        assert told("") == ""


@pytest.mark.parametrize("text", ["a: " * 150, "a; " * 190, "query, column 3: " + "x, column 3: " * 40, "%s: " * 100])
def test_what_a_person_typed_keeps_nobody_busy(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a text with many places to part it at a few are looked at: two minutes were not enough for all."""
    looked: list[str] = []
    real = errors._Line.said

    def said(self: errors._Line, some: str, depth: int) -> tuple[str, bool]:
        looked.append(some)
        assert len(looked) < 200
        return real(self, some, depth)

    monkeypatch.setattr(errors._Line, "said", said)
    with override("sq"):
        errors.told(text)
