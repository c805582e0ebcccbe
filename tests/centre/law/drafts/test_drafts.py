"""Drafts: proposals that make nothing up, say what is missing, and hold no person."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import MISSING, fields, replace
from datetime import UTC, datetime
from typing import cast

import pdfplumber
import pytest
from docx import Document as WordDocument
from hypothesis import given, settings
from hypothesis import strategies as st
from leaktraces import piece, trace, window

from kulla.centre.law.clocks import Bearer, Decision, Ledger, Verb, clocks
from kulla.centre.law.drafts import (
    KINDS,
    LANGUAGES,
    Brief,
    Contact,
    Kind,
    Language,
    Party,
    PlainWords,
    docx,
    draft,
    loss_of,
    pdf,
)
from kulla.centre.law.drafts.words import TABLES
from kulla.centre.law.jurisdiction import DOCUMENTS, BearerKind, shipped
from kulla.centre.law.severity import FACTORS, Input, severity
from kulla.leaks.report.blocks import Block, Box, Document, Facts, Heading, Items, Para, Table, plain
from kulla.leaks.report.html import page
from kulla.leaks.report.text import text
from kulla.share.marks import Marks

NOW = datetime(2026, 6, 5, 8, tzinfo=UTC)
BLANK = re.compile(r"\[(to be completed|për t'u plotësuar): ([^\]]*)\]")


def decision(words: str, day: int, hour: int = 0, minute: int = 0) -> Decision:
    verb, _, subject = words.partition(" ")
    moment = datetime(2026, 6, day, hour, minute, tzinfo=UTC)
    return Decision(cast("Verb", verb), subject, moment, "director on duty", "told by the entity", moment)


DECISIONS = (
    *(decision("aware nis2", 1, 10, 20), decision("sent early_warning", 2, 9), decision("sent notification", 3, 9)),
    *(decision("aware gdpr", 1, 12), decision("aware cyber", 1, 10, 20), decision("aware data", 1, 12)),
)


def bare(code: str = "eu") -> Brief:
    return Brief(
        "2026-0007", "Leak of payroll", NOW, shipped()[code], Marks("AMBER+STRICT", "RED"), Party("Ministry X")
    )


def full(code: str = "eu") -> Brief:
    kinds: tuple[BearerKind, ...] = ("entity", "controller")
    told = (clocks(Ledger("2026-0007", Bearer(kind, "Ministry X"), DECISIONS), shipped()[code], NOW) for kind in kinds)
    facts = tuple(f"fact {at}." for at in (1, 2))
    answers = [Input("others_affected", "caused", "A. Officer", "data circulate")]
    answers += [Input(name, max(choices), "A. Officer", "seen") for name, choices in FACTORS.items()]
    answers += [Input(name, "no", "A. Officer", "asked") for name in ("disruption", "financial_loss")]
    everyone = ("entity", "dpo", "press", "authority")
    return replace(
        bare(code),
        bearer=Party("Ministry X", "public administration", "Sheshi 1", "L1"),
        authority="the Authority", signer="the secretary general", clocks=tuple(each for c in told for each in c),
        references=dict.fromkeys(DOCUMENTS, "EW-2026-19"), rsit="information-content-security:data-leak",
        severity=severity(answers), began=datetime(2025, 11, 3, tzinfo=UTC), detected=NOW, ended=NOW, malicious=True,
        cross_border=True, states=("IT",), services=("payroll",), facts=facts, effects=("effect.",),
        indicators=("leaks.example.org",), measures=("measure.",), planned=("plan.",), asked=("ask.",),
        lessons=("lesson.",), cause="an export", threat="insider", groups="employees", delay="night",
        plain=PlainWords(("plain what.",), ("plain means.",), ("plain doing.",), ("plain advice.",)),
        high_risk=decision("decided high_risk", 4), next_word=NOW, loss=loss_of(trace()),
        contacts=tuple(Contact(role, f"{role} desk", "+355 4 1") for role in everyone),  # type: ignore[arg-type]
        marks=Marks("CLEAR", "CLEAR"),
    )  # fmt: skip


def words(blocks: tuple[Block, ...]) -> list[str]:
    """Every text of a document."""
    told: list[str] = []
    for block in blocks:
        match block:
            case Heading(_, each) | Para(each):
                told.append(plain(each))
            case Items(texts):
                told += map(plain, texts)
            case Facts(pairs):
                told += [f"{name}: {plain(value)}" for name, value in pairs]
            case Table(head, rows):
                told += [*head, *(plain(cell) for row in rows for cell in row)]
            case Box(_, title, inner):
                told += [title, *words(inner)]
            case _:
                pass
    return told


def said(document: Document) -> str:
    return "\n".join(words(document.blocks))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("code", ["eu", "al"])
def test_each_blank_is_marked_and_listed_and_none_is_made_up(kind: Kind, language: Language, code: str) -> None:
    for brief in (bare(code), full(code)):
        made = draft(kind, brief, language)
        told = said(made.document)
        marked = {what for _, what in BLANK.findall(told)}
        assert marked == set(made.missing)
        listed = [block for block in made.document.blocks if isinstance(block, Items) and block.ordered]
        assert [block.texts for block in listed] == [made.missing]
        assert TABLES[language]["proposal"] in told
        assert f": {len(made.missing)}." in told
        assert made == draft(kind, brief, language)
    assert len(made.missing) == 1, "with all known only the signature is left"
    assert "the secretary general" in said(made.document)


_OPTIONAL = [each.name for each in fields(Brief) if each.default is not MISSING]


@given(st.sets(st.sampled_from(_OPTIONAL)), st.sampled_from(KINDS), st.sampled_from(LANGUAGES))
@settings(deadline=None, max_examples=60)
def test_whatever_is_missing_is_a_blank(gone: set[str], kind: Kind, language: Language) -> None:
    nothing = bare()
    made = draft(kind, replace(full(), **{name: getattr(nothing, name) for name in gone}), language)
    assert {what for _, what in BLANK.findall(said(made.document))} == set(made.missing)
    assert len(set(made.missing)) == len(made.missing)
    for word in ("None", "()", "{", "Decision("):
        assert word not in said(made.document)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bare_case_gives_no_time_but_that_of_the_draft(kind: Kind) -> None:
    told = said(draft(kind, bare(), "en").document)
    assert re.findall(r"\d{4} \d\d:\d\d", told) == ["2026 10:00"]
    assert not re.search(r": (yes|no)$", told, re.MULTILINE), "no answer is made up"


def test_the_reports_hold_what_article_23_asks() -> None:
    warning = said(draft("early_warning", full(), "en").document)
    assert "Suspected to be caused by unlawful or malicious acts: yes" in warning
    assert "Could have a cross-border impact: yes" in warning
    assert "Aware since: 1 June 2026 12:20 (UTC+02:00), by decision of director on duty" in warning
    assert (
        "To be sent by: 2 June 2026 12:20 (UTC+02:00); by the law's reading at the latest 2 June 2026 13:00" in warning
    )
    told = said(draft("notification", full(), "en").document)
    for part in (
        "Impact: very large (red)",
        "leaks.example.org",
        "sent 2 June 2026 11:00 (UTC+02:00), number EW-2026-19",
    ):
        assert part in told
    final = said(draft("final_report", full(), "en").document)
    for part in ("To be sent by: the end of 3 July 2026", "Type of threat: insider", "Likely root cause: an export",
                 "measure.", "plan.", "Other states: IT", "lesson."):  # fmt: skip
        assert part in final


def test_the_notice_holds_what_article_33_asks_in_its_order() -> None:
    told = said(draft("dpa_notice", full(), "en").document)
    places = [told.index(each) for each in ("a) Nature", "598\u202f112", "b) Contact", "c) Likely", "d) Measures")]
    assert places == sorted(places)
    assert "601" not in told, "probable persons are not counted"
    assert "Reasons for the delay: night" in told
    late = replace(full(), delay="")
    assert "reasons for the delay, as the period has passed" in draft("dpa_notice", late, "en").missing
    early = replace(late, clocks=tuple(c for c in late.clocks if c.bearer.kind == "entity"))
    assert "reasons for the delay, as the period has passed" not in draft("dpa_notice", early, "en").missing


@pytest.mark.parametrize("kind", ["letter_to_persons", "public_communication"])
def test_of_the_cases_own_texts_nothing_goes_to_persons_or_the_public(kind: Kind) -> None:
    told = said(draft(kind, full(), "en").document)
    for inside in ("fact 1", "effect.", "measure.", "plan.", "lesson.", "leaks.example.org", "an export"):
        assert inside not in told
    for outside in ("plain what.", "plain means.", "plain doing.", "plain advice."):
        assert outside in told


def test_publishing_asks_the_originator_unless_the_marks_are_clear() -> None:
    kept = replace(full(), marks=Marks("GREEN", originators=("NCSC-NL",)))
    assert any("the originator's agreement" in each for each in draft("public_communication", kept, "en").missing)
    with_caveat = replace(full(), marks=Marks("CLEAR", caveats=("after 10 June",)))
    assert any(
        "the originator's agreement" in each for each in draft("public_communication", with_caveat, "en").missing
    )


def test_only_a_final_report_needs_the_end() -> None:
    going = replace(full(), ended=None)
    assert draft("final_report", going, "en").missing[0] == "when the incident was handled"
    assert "ongoing: nobody recorded" in said(draft("notification", going, "en").document)
    assert "still being handled" in said(draft("public_communication", going, "en").document)


def test_a_law_that_nobody_read_is_told() -> None:
    for language, told in (("en", "Law not verified"), ("sq", "Ligji nuk është verifikuar")):
        for kind in KINDS[:-1]:
            assert told in said(draft(kind, full("al"), cast("Language", language)).document)
            assert told not in said(draft(kind, full("eu"), cast("Language", language)).document)
    assert "article" not in said(draft("early_warning", full("al"), "en").document).partition("Law not")[0]


def test_an_exercise_is_told_on_every_page() -> None:
    made = draft("early_warning", replace(full(), exercise=True), "en").document
    assert made.footer.startswith("EXERCISE")
    assert "EXERCISE" in said(made)
    assert "EXERCISE" not in said(draft("early_warning", full(), "en").document)


def test_a_loss_is_counts_and_categories() -> None:
    told = loss_of(trace())
    assert (told.persons, told.records, told.level) == (598_112, {"payroll": 598_112}, "high")
    assert told.first is not None
    assert told.last is not None
    assert told.first < told.last
    for unbounded in (window(open_end=True), {**window(), "open_end": True}):
        assert loss_of(trace(pieces=(piece(window=unbounded),))).last is None
    few = loss_of(trace(persons={"payroll": {"certain": None, "probable": 500, "ambiguous": None}}))
    assert few.persons is None
    made = draft("dpa_notice", replace(full(), loss=few), "en")
    assert {"approximate number of persons", "approximate number of records"} <= set(made.missing)


def test_no_account_and_no_person_of_a_trace_stands_in_a_draft() -> None:
    for kind in KINDS:
        told = said(draft(kind, full(), "en").document)
        assert not {name for name in ("pay_clerk", "analyst", "hoxha", "leka", "Ardi", "Prifti") if name in told}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_word_file_says_the_same_and_marks_its_blanks(language: Language) -> None:
    made = draft("dpa_notice", bare(), language).document
    packed = docx(made)
    assert packed == docx(made)
    word = WordDocument(io.BytesIO(packed))
    cells = [cell for table in word.tables for row in table.rows for cell in row.cells]
    paragraphs = [*word.paragraphs, *(each for cell in cells for each in cell.paragraphs)]
    whole = "\n".join(each.text for each in paragraphs)
    for each in words(made.blocks):
        name, _, value = each.partition(": ")
        assert each in whole or (name in whole and value in whole)
    lit = "".join(run.text for each in paragraphs for run in each.runs if run.font.highlight_color)
    assert {what for _, what in BLANK.findall(lit)} == set(draft("dpa_notice", bare(), language).missing)
    assert word.sections[0].header.paragraphs[0].text.strip() == "TLP:AMBER+STRICT"
    assert made.footer in word.sections[0].footer.paragraphs[0].text
    assert word.core_properties.created == NOW


def test_a_word_file_takes_hostile_text_as_text() -> None:
    nasty = replace(bare(), title="<w:p>\x00\x1b[31m\u202e & {x}", facts=("a\x07b", "]]>"))
    packed = docx(draft("early_warning", nasty, "en").document)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        body = archive.read("word/document.xml").decode()
    assert "&lt;w:p&gt;\\x00\\x1b[31m\\u202e &amp; {x}" in body


@pytest.mark.parametrize("kind", KINDS)
def test_a_pdf_bears_the_label_and_the_footer_on_each_page(kind: Kind) -> None:
    made = draft(kind, bare("al"), "sq").document
    told = pdf(made)
    assert told == pdf(made)
    with pdfplumber.open(io.BytesIO(told)) as pages:
        for each in pages.pages:
            shown = each.extract_text()
            assert shown.startswith("TLP:AMBER+STRICT")
            assert "propozim, i padërguar" in shown.splitlines()[-1]


def test_drafts_also_come_as_a_page_and_as_plain_text() -> None:
    made = draft("notification", full(), "en").document
    assert b"<script" not in page(made)
    assert "PROPOSAL, not sent" in text(made).decode()


def test_both_languages_have_the_same_keys_and_blanks() -> None:
    blank = re.compile(r"\{(\w+)\}")
    assert TABLES["en"].keys() == TABLES["sq"].keys()
    for key, told in TABLES["en"].items():
        assert set(blank.findall(told)) == set(blank.findall(TABLES["sq"][key])), key


def test_every_factor_and_choice_has_its_words() -> None:
    for name, choices in FACTORS.items():
        assert f"factor.{name}" in TABLES["en"]
        assert {f"{name}.{choice}" for choice in choices} <= set(TABLES["en"])
