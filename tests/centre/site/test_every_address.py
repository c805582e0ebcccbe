"""Every address of the centre by every kind of person: member, teammate, of another constituent, of another zone,
nobody, and who has not signed in. What one may not see does not exist, whatever the verb, and no answer tells of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import copy
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urljoin

import pytest
from centreaddresses import NO_UID, OWN, addresses
from centreworld import SECRET, World
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

pytestmark = pytest.mark.django_db

WHO = ("member", "teammate", "neighbour", "foreigner", "nobody")
BACKEND = "django.contrib.auth.backends.ModelBackend"
NONE = frozenset({404, 405})
OTHERS = frozenset({"neighbour", "foreigner", "nobody", "anonymous"})


def test_every_address_is_tried(filled: World) -> None:
    """An address that is not in `centreaddresses` or `APIS` fails here."""
    tried = {each.route for each in addresses(filled)} | {route for route, *_ in apis(filled)}
    known = set(routes(get_resolver().url_patterns))
    assert known - tried == set()
    assert tried - known == set()


def routes(patterns: list[URLPattern | URLResolver], space: str = "") -> Iterator[str]:
    """Names of all addresses. What has no name is another's older address for one that has."""
    for each in patterns:
        if isinstance(each, URLResolver):
            yield from routes(each.url_patterns, f"{space}{each.namespace}:" if each.namespace else space)
        elif each.name:
            yield f"{space}{each.name}"


def apis(world: World) -> Iterator[tuple[str, str, dict[str, str], dict[str, str]]]:
    """(route, how it is reached, own object, missing object) of the API."""
    case, alert = world.made["case"].number, world.made["alert"].uid
    yield from (("api:list_alerts", "", {}, {}), ("api:act", "", {}, {}), ("api:list_cases", "", {}, {}))
    yield from (("api:open_case", "", {}, {}), ("api:search", "", {}, {}), ("api:list_evidence", "", {}, {}))
    yield from (("api:list_registers", "", {}, {}), ("api:situation", "", {}, {}), ("api:openapi-json", "", {}, {}))
    yield ("api:api-root", "", {}, {})
    yield ("api:get_alert", "object", {"uid": alert}, {"uid": "0" * 32})
    item = world.made["item"].number
    yield ("api:get_evidence", "object", {"number": item}, {"number": "C-2026-99999-E001"})
    for name in ("get_custody", "get_receipt"):
        yield (f"api:{name}", "object", {"number": item}, {"number": "C-2026-99999-E001"})
    for name in (
        *("get_case", "list_timeline", "write_timeline", "list_observables", "add_observable", "list_clocks"),
        *("list_tasks", "add_task", "apply_playbook", "list_holds", "place_hold", "list_bearers", "add_bearer"),
        *("take_in", "keep_alerts"),
    ):
        yield (f"api:{name}", "object", {"number": case}, {"number": "C-2026-99999"})
    for name, key in (("edit_task", "task"), ("act_on_task", "task"), ("act_on_hold", "hold"), ("list_held", "hold"),
                      ("list_decisions", "bearer"), ("record_decision", "bearer")):  # fmt: skip
        there = {"number": case, "uid": str(world.made[key].uid)}
        yield (f"api:{name}", "object", there, {**there, "uid": NO_UID})
        yield (f"api:{name}", "object", there, {**there, "number": "C-2026-99999"})
    yield from (("api:list_traces", "", {}, {}), ("api:ask_trace", "", {}, {}))
    yield ("api:get_trace", "object", {"uid": str(world.made["trace"].uid)}, {"uid": NO_UID})
    for name in ("get_register", "get_register_health", "list_findings"):
        yield (f"api:{name}", "object", {"name": "payroll"}, {"name": "nothing"})


@pytest.mark.parametrize("who", WHO)
def test_who_has_signed_in(filled: World, who: str) -> None:
    wrong: list[str] = []
    for each in addresses(filled):
        for verb in ("get", "post"):
            told, body = asked(filled, who, verb, each.path())
            wanted = {getattr(each, verb), *each.also} if who in each.who else NONE
            if told not in wanted:
                wrong.append(f"{verb} {each.route}{each.query}: {told}, not {wanted}")
            if who not in each.who and each.missing and (told, body) != asked(filled, who, verb, each.path(True)):
                wrong.append(f"{verb} {each.route}: hidden and missing differ")
            if (
                who == "member" in each.who
                and each.missing
                and asked(filled, who, verb, each.path(True))[0] not in NONE
            ):
                wrong.append(f"{verb} {each.route}: what is missing is found")
            if who in OTHERS and SECRET in body:
                wrong.append(f"{verb} {each.route}{each.query}: tells of another's")
    assert not wrong, "\n".join(wrong)


def test_who_has_not_signed_in(filled: World) -> None:
    wrong: list[str] = []
    for each in addresses(filled):
        for number, verb in enumerate(("get", "post")):
            told, body = asked(filled, "anonymous", verb, each.path())
            if each.anonymous:
                right = told == each.anonymous[number]
            else:
                right = told == 405 or (told == 302 and body.startswith("/accounts/login/"))
            if not right:
                wrong.append(f"{verb} {each.route}: {told} {body[:60]}")
            if SECRET in body:
                wrong.append(f"{verb} {each.route}: tells of what is there")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", [*WHO, "anonymous"])
def test_the_api(filled: World, who: str) -> None:
    wrong: list[str] = []
    for route, how, own, missing in apis(filled):
        for verb in ("get", "post", "patch"):
            told, body = asked(filled, who, verb, reverse(route, kwargs=own), api=True)
            wanted = OPEN.get(route, {401, 405}) if who == "anonymous" else reached(how, who)
            if told not in wanted:
                wrong.append(f"{verb} {route}: {told}, not {wanted}")
            if (
                who not in OWN
                and how
                and (told, body) != asked(filled, who, verb, reverse(route, kwargs=missing), api=True)
            ):
                wrong.append(f"{verb} {route}: hidden and missing differ")
            if who not in OWN and SECRET in body:
                wrong.append(f"{verb} {route}: tells of another's")
    assert not wrong, "\n".join(wrong)


def test_no_link_leads_nowhere(filled: World) -> None:
    """Every address that a page offers exists for who reads the page."""
    dead: list[str] = []
    tried = {"/"}
    for each in addresses(filled):
        if "teammate" not in each.who or each.get != 200:
            continue
        page = asked(filled, "teammate", "get", each.path())[1]
        links = {urljoin(each.path(), unescape(link)) for link in re.findall(r'(?:href|action|hx-get)="([^"#]+)', page)}
        # The event of an alert may have left the lake, as the one here never was in it.
        for link in sorted(links):
            if not link.startswith("/") or link.startswith(("/static/", "/hunting/event/")):
                continue
            if link not in tried and asked(filled, "teammate", "get", link)[0] in {404, 500}:
                dead.append(f"{each.path()}: {link}")
            tried.add(link)
    assert not dead, "\n".join(dead)


def test_no_address_bears_a_running_number() -> None:
    """A row's number runs over all zones: in an address it would tell how much goes on in the others."""
    theirs = ("mfa/", "accounts/")  # allauth's, about the reader's own keys alone
    found = [each for each in patterns(get_resolver().url_patterns) if "<int:" in each]
    assert not [each for each in found if not each.startswith(theirs)]
    assert any("<uuid:uid>" in each for each in patterns(get_resolver().url_patterns))


def patterns(known: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    """Every address as it is written in a table of them."""
    for each in known:
        path = f"{before}{each.pattern}"
        yield from patterns(each.url_patterns, path) if isinstance(each, URLResolver) else [path]


COUNTED = frozenset({"priority", "weight", "version", "all", "mine", "on"})
"""Fields whose numbers are what they say, or yes, and no row's."""


def test_no_form_offers_a_running_number(filled: World) -> None:
    """What a choice, a box or a hidden field of a page sends is a name, a number of a case, or a `uid`."""
    wrong: set[str] = set()
    for each in addresses(filled):
        if "teammate" in each.who and each.get == 200:
            page = asked(filled, "teammate", "get", each.path())[1]
            wrong |= {f"{each.route}: {name}={value}" for name, value in sent(page) if value.isdecimal()}
    assert not wrong, "\n".join(sorted(wrong))


def sent(page: str) -> Iterator[tuple[str, str]]:
    """(field, value) of the choices, boxes and hidden fields of a page, but of those in COUNTED."""
    for name, options in re.findall(r'<select[^>]* ?name="([^"]+)"[^>]*>(.*?)</select>', page, re.DOTALL):
        if name.rpartition("-")[2] not in COUNTED:
            yield from ((name, value) for value in re.findall(r'<option value="([^"]*)"', options))
    for tag in re.findall(r"<input[^>]*>", page):
        told = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if told.get("type") in {"hidden", "checkbox", "radio"} and told.get("name") not in COUNTED:
            yield told.get("name", ""), told.get("value", "")


OPEN = {"api:openapi-json": {200, 405}, "api:api-root": {404}}
"""What tells of no row."""


def reached(how: str, who: str) -> set[int]:
    """Answers to who has a token. 422: an empty body is none."""
    if not how:
        return {200, 403, 404, 405, 422} if who == "nobody" else {200, 404, 405, 422}
    return {200, 405, 422} if who in OWN else {404, 405, 422}


def asked(world: World, who: str, verb: str, path: str, api: bool = False) -> tuple[int, str]:
    """Status and body of the answer (of a redirection: where to). What it changed is undone."""
    client, headers = Client(raise_request_exception=False), {}
    if who != "anonymous" and api:
        headers["Authorization"] = f"Bearer {world.made['tokens'][who]}"
    elif who != "anonymous":
        client.cookies = _signed_in(world, who)
    with transaction.atomic():
        answer = getattr(client, verb)(path, headers=headers)
        found = answer.status_code, answer.headers.get("Location") or _body(answer)
        transaction.set_rollback(True)
    return found


def _signed_in(world: World, who: str) -> SimpleCookie:
    """The cookies of somebody's session, made once: signing in takes longer than a page."""
    if f"session {who}" not in world.made:
        client = Client()
        client.force_login(world.who[who], backend=BACKEND)
        world.made[f"session {who}"] = client.cookies
    kept: SimpleCookie = world.made[f"session {who}"]
    return copy(kept)


def _body(answer: HttpResponse) -> str:
    """Without the token against forgery, which is another each time."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
    text = content.decode("utf-8", "replace")
    text = re.sub(r'"X-CSRFToken": "\w+"', "", text)
    return re.sub(r'csrfmiddlewaretoken" value="\w+"', "", text)
