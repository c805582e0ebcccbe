from __future__ import annotations

import re

import pytest
from leaktraces import column, piece, situations, table, trace, window

from kulla.leaks.report import ARTICLES, FORMS, LANGUAGES, Article, Language, notice
from kulla.leaks.trace import Trace

ARTICLE_33 = {
    "en": ["a) Nature", "b) Data protection officer", "c) Likely consequences", "d) Measures"],
    "sq": ["a) Natyra", "b) Nëpunësi", "c) Pasojat", "ç) Masat"],
}


def txt(made: Trace, article: Article, language: Language = "en") -> str:
    return notice(made, article, language, "txt").decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notice_to_the_authority_has_all_that_article_33_asks(language: Language) -> None:
    told = txt(trace(), 33, language)
    places = [told.index(each) for each in ARTICLE_33[language]]
    assert places == sorted(places)
    assert "598\u202f112" in told
    assert "601" not in told, "probable persons are not counted"


def test_kulla_does_not_set_the_clock() -> None:
    told = txt(trace(), 33)
    assert "[date and time at which the controller became aware]" in told
    before = told[: told.index("a) Nature")].replace("1 December 2025 09:30", "")
    assert not re.search(r"\d{4} \d\d:\d\d|2025-\d\d", before), "no time but that of the draft stands above the facts"


def test_what_is_lost_tells_what_may_follow() -> None:
    assert "Knowledge of income" in txt(trace(), 33)
    assert "telephone" not in txt(trace(), 34).split("What you can do")[0]
    voters = (
        column(0, "name", "name"),
        column(1, "phone", "phone"),
        {**column(2, "party", "special"), "category": "politics"},
    )
    told = txt(trace(tables=(table(columns=voters),)), 34)
    assert "special category (politics)" in told
    assert "Do not trust callers" in told
    assert "income" not in told


def test_few_or_no_certain_persons_are_told_as_such() -> None:
    few = trace(persons={"payroll": {"certain": None, "probable": 500, "ambiguous": None}})
    assert "[number: it is told at the register's own site]" in " ".join(txt(few, 33).split())
    assert "taken from the register not before" in " ".join(
        txt(trace(pieces=(piece(window=window(open_end=True)),)), 33).split()
    )
    assert "at a time that is not known" in " ".join(txt(situations()["foreign"], 33).split())


@pytest.mark.parametrize("article", ARTICLES)
def test_drafts_come_in_every_form_and_the_same_again(article: Article) -> None:
    for form in FORMS:
        assert notice(trace(), article, "sq", form) == notice(trace(), article, "sq", form)
    assert notice(trace(), article, "en", "pdf").startswith(b"%PDF")
    assert b"<script" not in notice(trace(), article, "en", "html")
    assert max(map(len, txt(trace(), article).splitlines())) <= 80


def test_no_account_and_no_person_stands_in_a_notice() -> None:
    for article in ARTICLES:
        told = txt(trace(), article)
        assert not {name for name in ("pay_clerk", "analyst", "hoxha", "leka", "Ardi", "Prifti") if name in told}
