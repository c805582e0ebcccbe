from __future__ import annotations

import base64
import hashlib
import html
import io
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pdfplumber
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from leaktraces import attribution, candidate, piece, situations, table, trace

from kulla.leaks.candidate import Ratio
from kulla.leaks.report import LANGUAGES, Language, Stamp, html_report, pdf_report
from kulla.leaks.report.blocks import Block, Box, Code, Facts, Heading, Items, Para, Table, Text, runs
from kulla.leaks.report.clean import clean, shown
from kulla.leaks.report.report import document
from kulla.leaks.report.typstpage import LAYOUT
from kulla.leaks.trace import Input, Trace

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SITUATIONS = situations()
NASTY = [
    "</title></style><script>document.title='pwned'</script>", "<img src=x onerror=alert(1)>", '" onload="x',
    "&lt;b&gt;", '#read("/etc/passwd")', "#{panic()}",
    "*bold* _it_ $x$ `raw` = head", '"); #panic("x', "\\u{202e}", "\u202egpj.exe",
    "\x00\x1b[31m", "{case}", "{0.__class__}", "https://example.org/x.js", "| a=b |", "ا" * 20, "x" * 5_000, "\ud800",
    "//comment", "@label", "<label>", "a\nb\r\nc", "\u200b" * 9, "]]>", "%00",
]  # fmt: skip


class Tags(HTMLParser):
    """Tags, attributes and comments of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.names: set[str] = set()
        self.odd: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.names.update(name for name, _ in attrs)

    def handle_comment(self, data: str) -> None:
        self.odd.append(data)

    def unknown_decl(self, data: str) -> None:
        self.odd.append(data)


def tags(page: bytes) -> Tags:
    parser = Tags()
    parser.feed(page.decode())
    return parser


def words_of(page: bytes) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", page.decode().split("</style>", 1)[1]))


def pdf_texts(pdf: bytes, most: int | None = None) -> list[str]:
    with pdfplumber.open(io.BytesIO(pdf)) as opened:
        return [page.extract_text() for page in opened.pages[:most]]


def poisoned(value: Any, text: str) -> Any:
    """A trace's part with every text from outside replaced."""
    if isinstance(value, str):
        return text
    if isinstance(value, dict):
        return {key: poisoned(each, text) for key, each in value.items()}
    return [poisoned(each, text) for each in value] if isinstance(value, list | tuple) else value


def hostile(text: str) -> Trace:
    """A trace in which all that others wrote is `text`."""
    bad = candidate(text, client=text, application=text, end_user=text, against=(text,), exonerating=(text,),
                    missing_columns=(text,))  # fmt: skip
    good = trace()
    given_in = Input(text, "a" * 64, 1, text, 700, ({"name": text, "rows": 700},), {"author": text, text: text},
                     (text,), text, text, text, "2025-11-28T10:00:00+00:00")  # fmt: skip
    columns = tuple(column | {"register_column": text, "meaning": text, "category": text} for column in table().columns)
    return replace(
        good, case=text, purpose=text, actor=text, second=text, kulla=text, inputs=(given_in,), limits=(text,),
        tables=(table(table=text, columns=columns, altered_columns={text: 500}),), parameters={text: text},
        pieces=(piece(table=text, columns=(text,), reference=(text, text)),),
        attributions=(attribution(candidates=(bad,), withheld=(text,)),), joined=((text, text),),
        earlier=({"time": "2025-11-29T08:00:00+00:00", "case": text, "outcome": (text,)},), marks={text: text},
        leads=tuple(lead | {"account": text} for lead in good.leads),
    )  # fmt: skip


def blocks_of(blocks: tuple[Block, ...]) -> list[Text]:
    found: list[Text] = []
    for block in blocks:
        match block:
            case Heading(_, text) | Para(text, _):
                found.append(text)
            case Items(texts, _):
                found += texts
            case Facts(pairs):
                found += [value for _, value in pairs]
            case Table():
                found += [cell for row in block.rows for cell in row]
            case Box(_, _, inner):
                found += blocks_of(inner)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_every_outcome_is_reported_on_one_page_first(name: str, language: Language) -> None:
    made = SITUATIONS[name]
    pages = pdf_texts(pdf_report(made, language), 2)
    section = {"en": "1. The files", "sq": "1. Skedarët"}[language]
    assert section not in pages[0]
    assert section in pages[1]
    title = {"en": "Known defects of this evidence", "sq": "Të meta të njohura të kësaj prove"}[language]
    assert title in pages[0]
    headings = re.findall(r"<h2>(\d)\. ", html_report(made, language).decode())
    assert headings == list("12345678"), "method and limits come last"


def test_the_first_page_stays_one_page_when_much_is_to_be_told() -> None:
    many = tuple(candidate(f"account_with_a_long_name_{at}", episode=f"{at:012x}") for at in range(6))
    why = ("never_sealed", "below_margin", "not_covered", "unknown_extent", "disagreement", "tie")
    found = attribution(
        outcome="tie", named=tuple(range(6)), candidates=many, withheld=why, covered=0.4, disagreement=True
    )
    made = trace(
        pieces=tuple(piece() for _ in range(4)), attributions=tuple({**found, "piece": at} for at in range(4)),
        persons={f"register_{at}": {"certain": 1_000, "probable": None, "ambiguous": 0} for at in range(9)},
    )  # fmt: skip
    pages = pdf_texts(pdf_report(made, "sq"), 2)
    assert "Të meta të njohura" in pages[0]
    assert pages[1].startswith("1. Skedarët")


def test_the_first_page_says_what_a_reader_must_know() -> None:
    first = pdf_texts(pdf_report(trace(), "en"), 1)[0].replace("\u202f", " ")
    flat = " ".join(first.split())
    for told in (
        "account pay_clerk_17, 3 November 2025, 13:05–13:27 UTC", "40 000 times more probable", "very strong support",
        "3 November 2025, 13:05–14:35", "2025-01", "598 112", "3.50, high",
        "An account is not a person", "no time-stamp",
        "Piece 2: there is no valid calibration", "10 204 118 logged reads were considered",
    ):  # fmt: skip
        assert told in flat, told


def test_a_verified_stamp_is_no_defect() -> None:
    assert "time-stamp of an independent" in words_of(html_report(trace(), "en"))
    page = words_of(html_report(trace(), "en", stamp=Stamp("verified", "2025-11-28T10:02:00+00:00", "TSA")))
    assert "time-stamp of an independent" not in page
    assert "Time-stamp: 2025-11-28 10:02:00 UTC, by TSA" in " ".join(page.split()).replace(" , ", ", ")
    assert "was not checked" in words_of(html_report(trace(), "en", stamp=Stamp("unchecked")))
    assert "has not come" in words_of(html_report(trace(), "en", stamp=Stamp("waiting")))


@pytest.mark.parametrize("name", ["none", "withheld", "copy"])
def test_no_account_is_named_where_none_may_be(name: str) -> None:
    made = SITUATIONS[name]
    text = words_of(html_report(made, "en")) + words_of(html_report(made, "sq"))
    for account in ("pay_clerk_17", "analyst_4", "app_pool", "besa.k", "10.20.4.17"):
        assert account not in text


def test_only_what_the_outcome_names_is_named() -> None:
    page = words_of(html_report(trace(), "en"))
    assert "pay_clerk_17" in page
    assert not {name for name in ("analyst_4", "app_pool", "besa.k", "pay_clerk_02") if name in page}
    assert "account B" in page


def test_a_ratio_is_told_away_from_the_owner_only_where_its_words_are_sure() -> None:
    """A centre tells 100 of what is beyond 10^100, and 0 of everything else."""
    for told, sure in ((100.0, True), (0.0, False)):
        one = candidate(ratios=(Ratio("unlogged copy", told), Ratio("pasted", 100.0)))
        made = replace(trace(attributions=(attribution(candidates=(one,)),)), parameters={"site": "centre"})
        page = words_of(html_report(made, "en"))
        first = page[: page.index("1. The files")]
        assert ("over a million times" in first) == sure
        assert ("told at the register's own site" in first) != sure


def test_known_copies_that_fit_stand_on_the_first_page() -> None:
    copy = SITUATIONS["copy"].attributions[0]["copies"]
    for outcome, named in (("episode", (0,)), ("tie", ())):
        found = {**attribution(outcome=outcome, named=named, withheld=("tie",)), "copies": copy}
        page = words_of(html_report(trace(attributions=(found,)), "en"))
        assert "also fit known copies of the register: nightly" in " ".join(page[: page.index("1. The files")].split())


def test_no_report_states_a_probability_of_guilt() -> None:
    for made in SITUATIONS.values():
        page = words_of(html_report(made, "en")).lower()
        assert "guilty" not in page
        assert "culprit" not in page
        assert page.count("guilt") == page.count("how probable guilt is. that is for the court")


def test_the_public_reads_nothing_that_the_file_says_of_itself() -> None:
    text = words_of(html_report(trace(), "en", "public")) + words_of(html_report(trace(), "sq", "public"))
    for secret in ("Ardi", "PC-114", "FINAL", "Sheet1", "Prifti", "hoxha", "leka", "pay_clerk", "10.20.4.17"):
        assert secret not in text, secret
    court = words_of(html_report(trace(), "en"))
    assert "Ardi" in court
    assert "pay_clerk_17" in court


def test_of_an_electoral_register_only_numbers_are_told() -> None:
    page = words_of(html_report(SITUATIONS["electoral"], "en"))
    assert "family_name" not in page
    assert "family_name" in words_of(html_report(trace(), "en"))
    assert "598\u202f112" in page


def test_equal_traces_give_equal_bytes() -> None:
    assert html_report(trace(), "en", "public") == html_report(trace(), "en", "public")
    assert pdf_report(trace(), "sq") == pdf_report(trace(), "sq")
    later = replace(trace(), made="2025-12-02T09:30:00+00:00")
    assert pdf_report(later, "sq") != pdf_report(trace(), "sq")


def test_the_page_asks_for_nothing() -> None:
    page = html_report(trace(), "en").decode()
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    assert style
    digest = base64.b64encode(hashlib.sha256(style.group(1).encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page
    found = tags(page.encode())
    assert not found.tags & {"script", "img", "link", "iframe", "object", "form", "input", "a", "image", "use"}
    assert not found.names & {"src", "href", "style", "action", "srcset"}
    assert "url(" not in page
    assert "@import" not in page


def test_the_layout_reads_no_file_and_no_package() -> None:
    assert not re.search(r"#?import|include|read\(|image\(\"|plugin|eval\(", LAYOUT.replace("@preview", "import"))


@pytest.mark.parametrize("text", NASTY)
def test_what_others_wrote_stays_text_in_html(text: str) -> None:
    usual, page = tags(html_report(trace(), "en")), html_report(hostile(text), "en")
    found = tags(page)
    assert found.tags <= usual.tags
    assert found.names <= usual.names
    assert not found.odd
    body = page.decode().split("</style>", 1)[1]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", body)
    # It is there, as it is told: nothing was lost by being escaped.
    assert shown(text) in html.unescape(body)


def test_what_others_wrote_stays_text_in_the_pdf() -> None:
    one = hostile(NASTY[4]).inputs[0]
    files = tuple(replace(one, name=text, source=text, metadata={text: text}) for text in NASTY)
    pdf = pdf_report(replace(hostile(NASTY[4]), inputs=files), "en")
    assert not re.search(rb"/JavaScript|/JS\b|/Launch|/URI\b|/OpenAction|/EmbeddedFile", pdf)
    said = re.sub(r"\s", "", "".join(pdf_texts(pdf)))
    for text in NASTY:
        if text.isascii() and text.isprintable() and len(text) < 60:
            assert re.sub(r"\s", "", text) in said, text


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(min_size=1, max_size=80))
def test_no_text_leaves_its_place(text: str) -> None:
    page = html_report(hostile(text), "en")
    found, usual = tags(page), tags(html_report(trace(), "en"))
    assert found.tags <= usual.tags
    assert found.names <= usual.names
    assert not found.odd
    assert shown(text) in html.unescape(page.decode())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=500))
def test_texts_from_outside_stand_alone(text: str) -> None:
    """All that others wrote is `Code`, but in title and footer, which bear the case's number."""
    mark = f"\u2460{text}\u2460"
    made = document(hostile(mark), "en", "court", None)
    for told in blocks_of(made.blocks):
        for run in runs(told):
            assert isinstance(run, Code) or "\u2460" not in run
    assert clean(clean(text)) == clean(text)


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_it_without_complaint(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_bytes(html_report(hostile(NASTY[0]), "sq"))
    done = subprocess.run(
        [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
         f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", "--dump-dom", f"file://{path}"],
        capture_output=True, timeout=100, check=True, text=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert "<title>Gjurmimi" in done.stdout
    assert done.stdout.count("<svg") == 3


def test_a_tie_names_nobody_and_tells_of_all_copies_that_fit() -> None:
    page = words_of(html_report(SITUATIONS["tie"], "en"))
    for attribution_ in SITUATIONS["tie"].attributions:
        for each in attribution_["candidates"]:
            assert each["account"] not in page
    copies = [{**SITUATIONS["copy"].attributions[0]["copies"][0], "name": name} for name in ("nightly", "replica")]
    found = {**SITUATIONS["copy"].attributions[0], "copies": copies}
    first = " ".join(words_of(html_report(trace(attributions=(found,)), "en")).split())
    assert "cannot tell them apart: nightly , replica" in first


def test_what_is_recognised_but_not_told_of_is_not_called_foreign() -> None:
    """Of fewer than a hundred records a centre tells no piece: that does not make the leak another country's."""
    few = words_of(html_report(replace(trace(), pieces=(), attributions=()), "en"))
    assert "does not come from the registers" not in few
    assert "too few rows" in few
    none = words_of(html_report(SITUATIONS["foreign"], "en"))
    assert "does not come from the registers" in none


def test_lists_of_protected_persons_are_told_of_never_whom_they_found() -> None:
    made = replace(trace(), protected=("judges", "officers"))
    court, public = (" ".join(words_of(html_report(made, "en", a)).split()) for a in ("court", "public"))
    assert "judges, officers ; only the owner of each learns" in court
    assert "judges" not in public
    assert "2; only the owner of each learns" in public


def test_earlier_runs_are_told_with_what_they_were_run_with() -> None:
    run = {
        "time": "2025-11-30T10:00:00+00:00", "case": "other/7", "outcome": ["not ended"], "files": "some",
        "registers": ["payroll"], "parameters": {"seed": 9, "seen": None}, "hash": "0" * 64,
    }  # fmt: skip
    made = replace(trace(), earlier=(run,))
    court, public = (words_of(html_report(made, "en", a)) for a in ("court", "public"))
    for told in ("other/7", "some of them", "seed 9", "did not end"):
        assert told in court
    assert "other/7" not in public


def test_where_the_file_was_seen_is_told_and_by_whom_is_not() -> None:
    seen = {
        "file": 0, "sha256": trace().inputs[0].sha256, "channel": "telegram", "kind": "channel",
        "first": "2025-11-04T08:00:00+00:00", "last": "2025-11-06T08:00:00+00:00", "times": 12, "senders": 5,
    }  # fmt: skip
    page = words_of(html_report(replace(trace(), sightings=(seen,)), "en"))
    assert "telegram, channel" in page
    assert "2025-11-04 08:00:00" in page
    assert "Seen in chats" not in words_of(html_report(trace(), "en"))
