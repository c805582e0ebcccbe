"""The hunt by every kind of person: nothing of another place shows, in answers, counts, completion or exports."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from centrecast import Cast
from django.test import Client

from kulla.centre.alerts.models import Alert
from kulla.centre.audit.models import Entry
from kulla.centre.hunting import actions, jobs
from kulla.centre.hunting.models import Job, SavedHunt
from kulla.centre.hunting.views import search
from kulla.errors import OutputError
from kulla.lake import Lake

pytestmark = pytest.mark.django_db

Enter = Callable[[str], Client]
SEES = {
    "analyst-tax": {"tax"}, "analyst-civil": {"tax", "health"}, "officer-civil": {"tax", "health"},
    "analyst-military": {"navy"}, "director-joint": {"border"}, "everything": {"tax", "health", "navy", "border"},
}  # fmt: skip
NAMES = ("tax", "health", "navy", "border")
PAGES = (
    "/hunting/?span=all", "/hunting/?q=whoami", "/hunting/?q=Image:*cmd.exe&span=all", "/hunting/histogram?span=all",
    "/hunting/facets?span=all&facet=Image&facet=User", "/hunting/complete?q=Image:", "/hunting/complete?q=Only",
    "/hunting/complete?names=1&facet=Only", "/hunting/entity/host?name=tax-srv", "/hunting/entity/host?name=navy-srv",
    "/hunting/entity/address?name=198.51.100.7", "/hunting/retro", "/hunting/retro/new",
)  # fmt: skip


def told(page: bytes) -> str:
    """A page without what the reader is called, and without the name that was asked for."""
    text = page.decode()
    for name in (*SEES, "tax-srv", "navy-srv"):
        text = text.replace(name, "")
    return text


@pytest.mark.parametrize("who", SEES)
def test_pages_tell_of_ones_own_places_alone(enter: Enter, lake: Lake, who: str) -> None:
    client = enter(who)
    for address in PAGES:
        answer = client.get(address)
        assert answer.status_code == 200, address
        for name in set(NAMES) - SEES[who]:
            assert f"{name}-" not in told(answer.content), (address, name)
            assert f"Only{name}" not in told(answer.content), (address, name)


@pytest.mark.parametrize(("who", "places"), SEES.items())
def test_counts_are_those_of_ones_own_places(enter: Enter, lake: Lake, who: str, places: set[str]) -> None:
    client, count = enter(who), 6 * len(places)
    assert f"{count} events" in client.get("/hunting/histogram?span=all").content.decode()
    page = client.get("/hunting/entity/address?name=198.51.100.7").content.decode()
    assert '<span class="figure">0' not in page
    facets = client.get("/hunting/facets?span=all&facet=Image").content.decode()
    assert facets.count("cmd.exe</a>") == len(places)
    assert client.get("/hunting/?span=all").content.decode().count("<tr data-row>") == count


@pytest.mark.parametrize("form", ["csv", "ndjson"])
def test_exports_hold_ones_own_places_and_are_told(enter: Enter, lake: Lake, form: str) -> None:
    answer = enter("analyst-tax").post("/hunting/export", {"q": "whoami", "span": "all", "format": form})
    body = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    assert body.count("tax-raw") == 6
    assert not any(f"{name}-" in body for name in ("health", "navy", "border"))
    entry = Entry.objects.get(action="hunting.export")
    assert (entry.zone, entry.actor, entry.detail) == ("civil", "analyst-tax", {"format": form, "characters": 6})
    assert enter("analyst-tax").post("/hunting/export", {"q": "(", "format": form}).status_code == 404
    assert enter("analyst-tax").post("/hunting/export", {"q": "", "format": "exe"}).status_code == 404


def test_an_export_is_whole_or_refused_and_says_so(enter: Enter, lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "EXPORTED", 3)
    client, form = enter("analyst-tax"), {"q": "whoami", "span": "all", "format": "csv"}
    page = client.post("/hunting/export", form, follow=True)
    assert page.redirect_chain == [("/hunting/?q=whoami&span=all", 302)]
    assert "more than 3 events" in page.content.decode()
    entry = Entry.objects.get(action__startswith="hunting.")
    assert (entry.action, entry.detail) == ("hunting.export-refused", {"format": "csv", "characters": 6})
    monkeypatch.setattr(search, "EXPORTED", 6)
    body = b"".join(client.post("/hunting/export", form).streaming_content).decode()  # type: ignore[attr-defined]
    assert body.count("tax-raw") == 6
    answer = client.post("/hunting/export", form)
    monkeypatch.setattr(search, "EXPORTED", 5)  # as if one more had come after they were counted
    with pytest.raises(OutputError, match="meanwhile"):
        list(answer.streaming_content)  # type: ignore[attr-defined]


def test_an_event_is_found_by_who_may_and_by_nobody_else(enter: Enter, lake: Lake) -> None:
    scope = frozenset([("military", "navy")])
    event = next(iter(lake.search("", scope)))["event_id"][0].as_py().hex()
    assert enter("analyst-military").get(f"/hunting/event/{event}").status_code == 200
    for who in ("analyst-tax", "analyst-civil", "director-joint", "liaison-military", "nobody"):
        assert enter(who).get(f"/hunting/event/{event}").status_code == 404
    for wrong in ("00", "zz", "0" * 32, event + "00"):
        assert enter("analyst-military").get(f"/hunting/event/{wrong}").status_code == 404


@pytest.mark.parametrize("who", ["liaison-civil", "owner-tax", "auditor-civil", "administrator-civil", "nobody"])
def test_to_who_may_not_search_no_page_exists(enter: Enter, lake: Lake, who: str) -> None:
    for address in PAGES:
        assert enter(who).get(address).status_code == 404, address
    for address in ("/hunting/export", "/hunting/saved"):
        assert enter(who).post(address, {"format": "csv", "name": "x"}).status_code == 404


def test_who_has_not_signed_in_is_sent_to_the_door(lake: Lake) -> None:
    for address in PAGES:
        assert Client().get(address).status_code == 302


def test_jobs_are_of_their_place(people: Cast, enter: Enter, lake: Lake) -> None:
    job = actions.ask(people["analyst-tax"], "indicators", "198.51.100.7", "civil")
    jobs.run_pending(lake)
    addresses = [f"/hunting/retro/{job.uid}", f"/hunting/retro/{job.uid}/progress"]
    for who, status in (
        ("analyst-tax", 200),
        ("officer-civil", 200),
        ("analyst-military", 404),
        ("liaison-civil", 404),
    ):
        for address in addresses:
            assert enter(who).get(address).status_code == status
    wide = actions.ask(people["analyst-civil"], "indicators", "198.51.100.7", "civil")
    assert enter("analyst-tax").get(f"/hunting/retro/{wide.uid}").status_code == 404
    assert enter("analyst-tax").post(f"/hunting/retro/{wide.uid}/stop").status_code == 404
    assert enter("analyst-civil").post(f"/hunting/retro/{wide.uid}/stop").status_code == 302
    assert Job.objects.get(pk=wide.pk).state == "stopped"


def test_a_form_cannot_ask_another_zone(enter: Enter, lake: Lake) -> None:
    form = {"kind": "indicators", "text": "198.51.100.7", "level": "high", "zone": "military"}
    assert enter("analyst-civil").post("/hunting/retro/new", form).status_code == 200
    assert not Job.objects.exists()
    assert not Alert.objects.exists()


def test_saved_hunts_are_ones_own_or_shared_in_the_place(enter: Enter, lake: Lake) -> None:
    enter("analyst-civil").post("/hunting/saved", {"q": "host:a", "span": "24h", "name": "mine-alone"})
    enter("analyst-civil").post("/hunting/saved", {"q": "host:b", "name": "of-us-all", "shared": "on"})
    assert SavedHunt.objects.get(name="mine-alone").query == "q=host%3Aa&span=24h"
    page = enter("officer-civil").get("/hunting/").content.decode()
    assert "of-us-all" in page
    assert "mine-alone" not in page
    assert "of-us-all" not in enter("analyst-military").get("/hunting/").content.decode()
    row = SavedHunt.objects.get(name="of-us-all")
    assert enter("officer-civil").post(f"/hunting/saved/{row.uid}/drop").status_code == 404
    assert enter("analyst-civil").post(f"/hunting/saved/{row.uid}/drop").status_code == 302
    assert SavedHunt.objects.count() == 1
