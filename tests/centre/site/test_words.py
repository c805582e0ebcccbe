"""Words for names: every name that code can put on a page has one, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

import pytest
from django.utils.translation import override

from kulla.centre.cases.models import OBSERVABLES
from kulla.centre.law.clocks import VERBS
from kulla.centre.law.drafts import KINDS as DRAFTS
from kulla.centre.law.jurisdiction import BEARERS, DECISIONS, DOCUMENTS, TRAITS, shipped
from kulla.centre.law.playbook import CONTACTS, PHASES, ROLES
from kulla.centre.law.rsit import types
from kulla.centre.law.severity import IMPACTS
from kulla.centre.notices.letters import NAMES
from kulla.centre.people.actions import SCOPES
from kulla.centre.people.zones import Zone
from kulla.centre.site import words
from kulla.centre.vault.custody import Kind
from kulla.detect.attack import attack
from kulla.events.schema import EXACT, MISSING, YEAR_ASSUMED, ZONE_ASSUMED
from kulla.registers.manifest import CopyKind

SAME = frozenset({"url", "md5", "sha1", "sha256"})
"""Names of formats."""


@pytest.mark.parametrize(
    "names",
    [
        OBSERVABLES, BEARERS, TRAITS, DOCUMENTS, DECISIONS, DRAFTS, VERBS, PHASES, ROLES, CONTACTS, IMPACTS, NAMES,
        SCOPES, Zone.values, get_args(Kind), get_args(CopyKind), (EXACT, MISSING, YEAR_ASSUMED, ZONE_ASSUMED),
        [name for _id, name in attack().tactics],
    ],
)  # fmt: skip
def test_every_name_has_a_word_in_both_languages(names: Iterable[str]) -> None:
    for each in names:
        assert each in words.WORDS, f"{each} has no word: add it to site.words"
        with override("en"):
            english = words.word(each)
        with override("sq"):
            assert words.word(each) != english or each in SAME, f"{each} has no Albanian"


def test_several_names_and_a_word_of_somebody() -> None:
    with override("sq"):
        assert words.word("dpo, police, the night guard") == (
            "nëpunësi i mbrojtjes së të dhënave, policia, the night guard"
        )


def test_choices_are_said_in_the_language_of_who_reads() -> None:
    made = words.choices("minor", "none")
    with override("sq"):
        assert [str(label) for _name, label in made] == ["i vogël", "asnjë"]
    with override("en"):
        assert [str(label) for _name, label in made] == ["minor", "none"]


def test_jurisdictions_laws_duties_and_incidents() -> None:
    with override("sq"):
        assert words.land("al") == "Shqipëria"
        assert words.land("none such") == "none such"
        assert words.under("cyber", "al") == "Ligji nr. 25/2024 “Për sigurinë kibernetike”"
        assert words.under("final_report", "al") == "raport përfundimtar"
        assert words.under("something", "none such") == "something"
        key, kind = next(iter(types().items()))
        assert words.incident(key) == kind.full_name("sq")
        assert words.incident("mine") == "mine"
        own = [(code, each.id) for code, place in shipped().items() for each in place.duties]
        assert all(words.under(duty, code) != duty for code, duty in own)
