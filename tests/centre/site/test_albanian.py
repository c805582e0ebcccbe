"""The console speaks Albanian: every page of a filled centre beside its English self. A text that is the same in both
is a name, a code or data, or it was never translated."""

from __future__ import annotations

import re
from copy import copy
from http.cookies import SimpleCookie
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from centreaddresses import addresses
from centretongues import texts
from centreworld import SECRET, World
from django.db import transaction
from django.test import Client
from django.urls import reverse

pytestmark = pytest.mark.django_db

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
ROOT: Final = Path(__file__).resolve().parents[3]

SAME: Final = frozenset({
    *("Kulla", "English", "Shqip", "Administrator", "Auditor", "Phishing", "Email", "hash", "URL"),
    *("ATT&CK", "RSIT", "NIS2", "TLP", "PAP", "CLEAR", "GREEN", "AMBER", "RED", "STRICT", "PDF", "DOCX"),
    *("MD5", "SHA-1", "SHA-256", "UTC", "PowerShell"),
})  # fmt: skip
"""Words of both languages, and names: of the product, of languages, taxonomies, labels, formats, techniques."""
MADE: Final = (
    *("member", "teammate", "neighbour", "foreigner", "nobody-here", "Neighbours", "neighbours", "payroll", "taxes"),
    *(f"Case of {SECRET}", f"Find {SECRET}", f"Job of {SECRET}", f"Mail of {SECRET}", f"Order of {SECRET}", "order 7"),
    *(f"Shares of {SECRET} gone", f"Title of {SECRET}", f"{SECRET} office", f"Because of {SECRET}", f"· vm · {SECRET}"),
    *(
        "Your report R-C-2026-00001",
        "General Directorate of Taxes",
        "Shipped rule",
        "report.html",
        "in.log",
        "a.evtx",
    ),
    *("cmd /c whoami", "USB 3", "dd 9", "EventID:4625 and not host:dc01", "windows process_creation"),
    *("Address", "CommandLine", "Image", "analyst", "dba_warehouse", "dba_payroll", "dba_central", "dba_test"),
    *("backup_operator", "reporting", "contractor", "payroll-nightly", "payroll-replica", "payroll-test"),
    *("payroll-warehouse", "db-replica.exercise", "ransomware-wiper", "whoami"),
)
"""What the filled centre and its registers hold: names of people, places, accounts, files and fields, and a query."""
WRITTEN: Final = re.compile(r"Evidence taken in: |\S+=\S|[a-z]+\.[a-z-]+(:\d+)?$")
"""Lines of a case and entries of the audit: they stay as they were written, in whoever's language that was."""
CODE: Final = re.compile(r"\b[0-9a-f]{12,}\b|\bA-[0-9A-Z]{12}\b|\b(R-)?[CMJ]-\d{4}-\d{5}(-E\d+)?|\S*" + SECRET + r"\S*")
WORD: Final = re.compile(r"[^\W\d_]{2,}")


@pytest.mark.parametrize("who", ["teammate", "anonymous"])
def test_no_text_of_a_page_is_the_same_in_both_languages(filled: World, who: str) -> None:
    session = signed_in(filled, who)
    same: dict[str, str] = {}
    for each in addresses(filled):
        for verb in ("get", "post"):
            english, albanian = (page(filled, who, session, verb, each.path(), language) for language in ("en", "sq"))
            for text in set(texts(english)) & set(texts(albanian)):
                if words(text):
                    same.setdefault(text, f"{verb} {each.route}")
    assert not same, "\n".join(f"{place}: {text}" for text, place in sorted(same.items()))


def words(text: str) -> list[str]:
    """The words of a text that are neither of both languages nor data."""
    if WRITTEN.match(text):
        return []
    for known in sorted((*MADE, *SAME), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(known)}(?!\w)", " ", text)
    return WORD.findall(CODE.sub(" ", text))


def page(world: World, who: str, session: SimpleCookie, verb: str, path: str, language: str) -> str:
    """A page as somebody of this language reads it, after what a verb has led to; empty when it is none. What it
    changed is undone."""
    client = Client(raise_request_exception=False)
    client.cookies = copy(session)
    with transaction.atomic():
        if who in world.who:
            world.who[who].language = language
            world.who[who].save()
        answer = getattr(client, verb)(path, headers={"Accept-Language": language}, follow=verb == "post")
        html = "html" in answer.headers.get("Content-Type", "") and not answer.streaming
        body = answer.content.decode() if html else ""
        transaction.set_rollback(True)
    return body


def signed_in(world: World, who: str) -> SimpleCookie:
    client = Client()
    if who in world.who:
        client.force_login(world.who[who], backend=BACKEND)
    return client.cookies


WRONG: Final[tuple[tuple[str, dict[str, str], str, str], ...]] = (
    ("hunting:index", {}, "?span=all&q=(a", "nuk mbyllet"),
    ("hunting:index", {}, "?span=all&q=Image:", "mungon një vlerë"),
)


@pytest.mark.parametrize(("route", "own", "query", "said"), WRONG)
def test_a_query_that_cannot_be_read(filled: World, route: str, own: dict[str, str], query: str, said: str) -> None:
    shown = page(filled, "teammate", signed_in(filled, "teammate"), "get", reverse(route, kwargs=own) + query, "sq")
    assert said in shown


def test_rules_that_cannot_be_read(filled: World) -> None:
    client = Client()
    client.cookies = signed_in(filled, "teammate")
    filled.who["teammate"].language = "sq"
    filled.who["teammate"].save()
    sent = {"kind": "rules", "text": "title: a\nlogsource: {}\n", "zone": "civil", "level": "high"}
    shown = client.post(reverse("hunting:retro-new"), sent).content.decode()
    assert "rreshti 2: burimi i regjistrave nuk thotë asgjë" in shown
    assert "the logsource says nothing" not in shown


@pytest.mark.parametrize("name", ["400.html", "500.html"])
def test_pages_without_a_reader_speak_both(name: str) -> None:
    """Nothing is known of who asked: the page is the same for all."""
    body = (ROOT / "src/kulla/centre/site/templates" / name).read_text("utf-8")
    assert '<html lang="en">' in body
    assert '<div lang="sq">' in body


def test_a_form_without_its_token(filled: World) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = signed_in(filled, "teammate")
    filled.who["teammate"].language = "sq"
    filled.who["teammate"].save()
    answer = client.post(reverse("people:me"), headers={"Accept-Language": "sq"})
    assert answer.status_code == 403
    assert "Ky formular është tepër i vjetër" in answer.content.decode()


def test_every_catalogue_is_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every marked text has its Albanian, and what is compiled is what is written."""
    monkeypatch.setattr("sys.argv", ["messages.py", "--check"])
    assert tool().main() == 0, capsys.readouterr().out


def tool() -> ModuleType:
    spec = spec_from_file_location("messages", ROOT / "tools" / "messages.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_reader_of_pages_misses_nothing_that_is_read() -> None:
    told = (
        '<p title="A title">Plain <b>bold</b><br>after</p><img alt="A chart"><input type="submit" value="Send it">'
        '<script>not said</script><code>code is data</code><p class="mono">data</p><p lang="sq">Shqip e saj</p>'
        "<svg><title>Bar of a chart</title></svg>"
    )
    assert list(texts(told)) == ["A title", "Plain", "bold", "after", "A chart", "Send it", "Bar of a chart"]


@pytest.mark.parametrize("text", ["Nothing yet.", "Save", "early_warning", "Title of the page · Kulla", "Tag: other"])
def test_english_is_found(text: str) -> None:
    assert words(text)
