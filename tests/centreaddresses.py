"""Every address of the centre, with what it takes: whoever adds an address adds its line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from centreworld import ADDRESS, RULE, World
from django.urls import reverse

OWN: Final = frozenset({"member", "teammate"})
"""Who sees an object of the member's constituent."""
WORK: Final = frozenset({"member", "teammate", "neighbour", "foreigner"})
"""Who has the verb somewhere: lists open for them, with nothing of others in them."""
RULED: Final = frozenset({"teammate", "foreigner"})
"""Administrators: each sees the people of their own zones and those who are nobody yet."""
TEAM: Final = frozenset({"teammate"})
MEMBER: Final = frozenset({"member"})
ALL: Final = frozenset({"member", "teammate", "neighbour", "foreigner", "nobody"})

SHOWN, SENT, NO = 200, 302, 405
NOTHING: Final = "C-2026-99999"
NO_UID: Final = "5f4a4a4e-0000-4000-8000-0000000000aa"


@dataclass(frozen=True)
class Address:
    """One address. `get` and `post` are the answers to `who`; everybody else signed in is told that nothing is there,
    as for `missing`, or that the verb is wrong. `anonymous` is what is told to who has not signed in: None for the
    way to the sign-in."""

    route: str
    who: frozenset[str]
    get: int
    post: int
    own: Mapping[str, Any] = field(default_factory=dict)
    missing: Mapping[str, Any] = field(default_factory=dict)
    query: str = ""
    anonymous: tuple[int, int] | None = None
    also: tuple[int, ...] = ()
    """Other answers to the same, such as 204 where nothing is new."""

    def path(self, missing: bool = False) -> str:
        """The address of the object, or of one that does not exist."""
        return reverse(self.route, kwargs={**self.own, **(self.missing if missing else {})}) + self.query


def addresses(world: World) -> list[Address]:
    """All of them."""
    return [*_site(world), *_people(world), *_cases(world), *_alerts(world), *_evidence(world), *_guard(world),
            *_hunting(world), *_notices(world), *_others(world), *_accounts()]  # fmt: skip


def _site(world: World) -> Iterator[Address]:
    yield Address("home", ALL, SENT, SENT, anonymous=(SENT, SENT), also=(SHOWN,))
    yield Address("health", ALL, SHOWN, SHOWN, anonymous=(SHOWN, SHOWN))
    yield Address("help", ALL, SHOWN, SHOWN, anonymous=(SHOWN, SHOWN))
    link = world.made["link"]
    yield Address("welcome", ALL, SHOWN, SHOWN, {"token": link}, anonymous=(SHOWN, SHOWN))


def _people(world: World) -> Iterator[Address]:
    person, none = {"uid": world.member.uid}, {"uid": NO_UID}
    yield Address("people:index", RULED, SHOWN, SHOWN)
    yield Address("people:new", RULED, SHOWN, SHOWN)
    yield Address("people:edit", TEAM, SHOWN, SHOWN, person, none)
    yield Address("people:invite", TEAM, NO, SHOWN, person, none)
    yield Address("people:reset", TEAM, NO, SENT, person, none)
    yield Address("people:grant", TEAM, NO, SENT, person, none)
    yield Address("people:revoke", TEAM, NO, SENT, {"uid": world.made["membership"].uid}, none)
    yield Address("people:me", ALL, SHOWN, SHOWN)
    yield Address("people:token-new", ALL, NO, SENT)
    yield Address("people:token-end", MEMBER, NO, SENT, {"uid": world.made["token"].uid}, none)
    yield Address("people:constituents", ALL, SHOWN, SHOWN)
    yield Address("people:constituent-new", RULED, SHOWN, SHOWN)
    yield Address("people:constituent", TEAM, SHOWN, SHOWN, {"uid": world.place.uid}, none)
    yield Address("people:asset-new", TEAM, NO, SENT, {"uid": world.place.uid}, none)


def _cases(world: World) -> Iterator[Address]:
    own, none = {"number": world.made["case"].number}, {"number": NOTHING}
    yield Address("cases:index", WORK, SHOWN, SHOWN)
    yield Address("cases:new", WORK, SHOWN, SHOWN)
    yield Address("cases:playbooks", WORK, SHOWN, SHOWN)
    book = {"name": "ransomware-wiper"}
    yield Address("cases:playbook-edit", WORK, SHOWN, SHOWN, book, also=(SENT, 403, 404))
    yield Address("cases:playbook-drop", WORK, NO, SENT, book, also=(403, 404))
    for name, get, post in (
        *(("show", SHOWN, SHOWN), ("edit", SHOWN, SHOWN), ("drafts", SHOWN, SHOWN), ("link", NO, 404)),
        *((name, NO, SENT) for name in ("move", "members", "entry", "import", "task", "playbook", "observable",
                                        "bearer", "hold")),
    ):  # fmt: skip
        yield Address(f"cases:{name}", OWN, get, post, own, none)
    for name, key, get, post, more in (
        ("entry-withdraw", "entry", NO, SENT, {}),
        ("task-act", "task", NO, SENT, {"act": "done"}),
        ("task-edit", "task", SHOWN, SHOWN, {}),
        ("indicator", "observable", NO, SENT, {}),
        ("decide", "bearer", NO, SENT, {}),
        ("draft-sign", "draft", NO, SENT, {}),
        ("draft-file", "draft", SHOWN, SHOWN, {"form": "docx"}),
        ("hold-act", "hold", NO, SENT, {"act": "ask"}),
    ):
        yield Address(f"cases:{name}", OWN, get, post, {**own, "uid": world.made[key].uid, **more}, {"uid": NO_UID})
        yield Address(f"cases:{name}", OWN, get, post, {**own, "uid": world.made[key].uid, **more}, none)


def _alerts(world: World) -> Iterator[Address]:
    row = world.made["alert"]
    own, group, none = {"uid": row.uid}, {"key": row.group}, "0" * 32
    yield Address("alerts:index", WORK, SHOWN, SHOWN, query="?status=all")
    yield Address("alerts:fresh", WORK, SHOWN, SHOWN, query="?made=2020-01-01T00:00Z", also=(204,))
    yield Address("alerts:act", WORK, NO, 404)
    yield Address("alerts:undo", WORK, NO, SENT)
    yield Address("alerts:save-view", WORK, NO, SENT)
    yield Address("alerts:forget-view", MEMBER, NO, SENT, {"uid": world.made["view"].uid}, {"uid": NO_UID})
    yield Address("alerts:rules", WORK, SHOWN, SHOWN)
    yield Address("alerts:rule", OWN, SHOWN, SHOWN, {"rule_id": RULE}, {"rule_id": RULE[:-1] + "2"})
    tuning, no_tuning = {"uid": world.made["tuning"].uid}, {"uid": NO_UID}
    yield Address("alerts:tuning", OWN, SHOWN, SHOWN, tuning, no_tuning)
    yield Address("alerts:activate", OWN, NO, SENT, tuning, no_tuning)
    yield Address("alerts:withdraw", OWN, NO, SENT, tuning, no_tuning)
    yield Address("alerts:group", OWN, SHOWN, SHOWN, group, {"key": none})
    yield Address("alerts:members", OWN, SHOWN, SHOWN, group, {"key": none})
    yield Address("alerts:alert", OWN, SHOWN, SHOWN, own, {"uid": none})
    yield Address("alerts:note", OWN, NO, SENT, own, {"uid": none})
    yield Address("alerts:tune", OWN, SHOWN, SHOWN, {"uid": world.made["shipped"].uid}, {"uid": none})


def _evidence(world: World) -> Iterator[Address]:
    case, no_case = {"number": world.made["case"].number}, {"number": NOTHING}
    own, none = {"number": world.made["item"].number}, {"number": NOTHING + "-E001"}
    yield Address("evidence:index", WORK, SHOWN, SHOWN)
    yield Address("evidence:verify", WORK, NO, SHOWN)
    yield Address("evidence:intake", OWN, SHOWN, SHOWN, case, no_case)
    yield Address("evidence:export", OWN, SHOWN, SHOWN, case, no_case)
    yield Address("evidence:keep", OWN, SHOWN, SHOWN, case, no_case)
    for name, get, post in (("show", SHOWN, SHOWN), ("receipt", SHOWN, SHOWN), ("request", SHOWN, SHOWN),
                            ("content", NO, SENT), ("hand-on", NO, SENT), ("stamp", NO, SENT)):  # fmt: skip
        yield Address(f"evidence:{name}", OWN, get, post, own, none)


def _guard(world: World) -> Iterator[Address]:
    own, account = {"name": "payroll"}, {"name": "payroll", "pseudonym": world.made["pseudonym"]}
    yield Address("guard:index", WORK, SHOWN, SHOWN)
    yield Address("guard:register", OWN, SHOWN, SHOWN, own, {"name": "nothing"})
    yield Address("guard:account", OWN, SHOWN, SHOWN, account, {"pseudonym": "nobody"})
    yield Address("guard:account", OWN, SHOWN, SHOWN, account, {"name": "nothing"})
    yield Address("guard:reveal", OWN, NO, SENT, account, {"name": "nothing"})
    yield Address("guard:reveal-agree", OWN, NO, SENT, {"uid": world.made["reveal"].uid}, {"uid": NO_UID})
    yield Address("guard:leaks", WORK, SHOWN, SHOWN)
    yield Address("guard:upload", WORK, SHOWN, SHOWN)
    yield Address("guard:trace-new", WORK, SHOWN, SHOWN)
    for key in ("trace", "asked"):
        trace, none = {"uid": world.made[key].uid}, {"uid": NO_UID}
        yield Address("guard:trace", OWN, SHOWN, SHOWN, trace, none)
        yield Address("guard:trace-agree", OWN, NO, SENT, trace, none)
        yield Address("guard:trace-progress", OWN, SHOWN, SHOWN, trace, none)
    yield Address("guard:trace-report", OWN, SHOWN, SHOWN, {"uid": world.made["trace"].uid}, {"uid": NO_UID})


def _hunting(world: World) -> Iterator[Address]:
    yield Address("hunting:index", WORK, SHOWN, SHOWN, query="?span=all&q=whoami")
    yield Address("hunting:histogram", WORK, SHOWN, SHOWN, query="?span=all")
    yield Address("hunting:facets", WORK, SHOWN, SHOWN, query="?span=all&facet=Image")
    yield Address("hunting:complete", WORK, SHOWN, SHOWN, query="?q=Image:")
    yield Address("hunting:complete", WORK, SHOWN, SHOWN, query="?names=1&facet=Only")
    yield Address("hunting:export", WORK, NO, 404)
    yield Address("hunting:save", WORK, NO, SENT)
    yield Address("hunting:forget", MEMBER, NO, SENT, {"uid": world.made["hunt"].uid}, {"uid": NO_UID})
    yield Address("hunting:event", OWN, SHOWN, SHOWN, {"event_id": world.made["event"]}, {"event_id": "0" * 32})
    for kind in ("host", "account", "user", "address", "hash"):
        yield Address("hunting:entity", WORK, SHOWN, SHOWN, {"kind": kind}, query=f"?name={ADDRESS}")
    yield Address("hunting:retros", WORK, SHOWN, SHOWN)
    yield Address("hunting:retro-new", WORK, SHOWN, SHOWN)
    job, none = {"uid": world.made["job"].uid}, {"uid": NO_UID}
    yield Address("hunting:retro", OWN, SHOWN, SHOWN, job, none)
    yield Address("hunting:progress", OWN, SHOWN, SHOWN, job, none)
    yield Address("hunting:retro-stop", OWN, NO, SENT, job, none)


def _notices(world: World) -> Iterator[Address]:
    own, none = {"number": world.made["report"].number}, {"number": "R-C-2026-99999"}
    yield Address("notices:index", WORK, SHOWN, SHOWN, query="?state=")
    yield Address("notices:new", WORK, SHOWN, SHOWN)
    yield Address("notices:show", OWN, SHOWN, SHOWN, own, none)
    yield Address("notices:letter-new", OWN, NO, SENT, own, none)
    yield Address("notices:act", OWN, NO, SENT, {**own, "name": "close"}, none)
    yield Address("notices:content", OWN, NO, SHOWN, {"uid": world.made["attachment"].uid}, {"uid": NO_UID})
    letter, no_letter = {"uid": world.made["letter"].uid}, {"uid": NO_UID}
    yield Address("notices:letters", WORK, SHOWN, SHOWN)
    yield Address("notices:letter", OWN, SHOWN, SHOWN, letter, no_letter)
    yield Address("notices:letter-act", OWN, NO, SENT, {**letter, "name": "send"}, no_letter)
    yield Address("notices:templates", WORK, SHOWN, SHOWN)
    yield Address("notices:template", WORK, SHOWN, SHOWN, {"name": "receipt", "language": "en"})
    yield Address("notices:mine", WORK, SHOWN, SHOWN)
    notice, no_notice = {"uid": world.made["notice"].uid}, {"uid": NO_UID}
    yield Address("notices:notice", OWN, SHOWN, SHOWN, notice, no_notice)
    yield Address("notices:acknowledge", OWN, NO, SENT, notice, no_notice)
    yield Address("notices:rota", WORK, SHOWN, SHOWN)
    yield Address("notices:rota-remove", TEAM, NO, SENT, {"uid": world.made["shift"].uid}, {"uid": NO_UID})
    yield Address("notices:channels", WORK, SHOWN, SHOWN)


def _others(world: World) -> Iterator[Address]:
    yield Address("audit:index", frozenset({"member", "teammate", "neighbour", "foreigner"}), SHOWN, SHOWN)
    yield Address("crossing:index", WORK, SHOWN, SHOWN)
    yield Address("crossing:opt", WORK, NO, SENT, {"zone": "civil"}, also=(403,))
    yield Address("crossing:decide", OWN, NO, SENT, {"uid": world.made["hit"].uid, "said": "decline"}, {"uid": NO_UID})
    yield Address("situation:index", WORK, SHOWN, SHOWN)
    yield Address("worker:index", WORK, SHOWN, SHOWN)
    for name in ("held", "held-events", "held-csv"):
        yield Address(f"worker:{name}", OWN, SHOWN, SHOWN, {"uid": world.made["hold"].uid}, {"uid": NO_UID})
    yield Address("worker:acknowledge", OWN, NO, SENT, {"uid": world.made["health"].uid}, {"uid": NO_UID})


def _accounts() -> Iterator[Address]:
    """allauth's own pages: they show and change the reader's account alone. A second factor that one does not have can
    be neither taken away nor read; addresses that this centre does not use lead nowhere."""
    for name, get, post, anonymous in ACCOUNTS:
        yield Address(name, ALL, get, post, dict(_ARGUMENTS.get(name, {})), anonymous=anonymous)


ACCOUNTS: Final[tuple[tuple[str, int, int, tuple[int, int]], ...]] = (
    ("account_login", 302, 302, (200, 200)),
    ("account_logout", 200, 302, (302, 302)),
    ("account_inactive", 200, 405, (200, 405)),
    ("account_signup", 302, 302, (200, 200)),
    ("account_reauthenticate", 200, 200, (302, 302)),
    ("account_request_reauthentication_code", 302, 302, (302, 302)),
    ("account_confirm_reauthentication_code", 302, 302, (302, 302)),
    ("account_email", 200, 302, (302, 302)),
    ("account_email_verification_sent", 200, 405, (200, 405)),
    ("account_change_password", 200, 200, (302, 302)),
    ("account_set_password", 302, 302, (302, 302)),
    ("account_reset_password", 200, 200, (200, 200)),
    ("account_confirm_login_code", 302, 302, (302, 302)),
    ("account_confirm_email", 200, 404, (200, 404)),
    ("account_reset_password_from_key_done", 200, 405, (200, 405)),
    ("account_reset_password_from_key", 200, 200, (200, 200)),
    ("account_reset_password_done", 200, 405, (200, 405)),
    ("mfa_index", 200, 405, (302, 302)),
    ("mfa_authenticate", 302, 302, (302, 302)),
    ("mfa_reauthenticate", 302, 302, (302, 302)),
    ("mfa_activate_totp", 302, 302, (302, 302)),
    ("mfa_deactivate_totp", 404, 404, (302, 302)),
    ("mfa_view_recovery_codes", 404, 405, (302, 302)),
    ("mfa_generate_recovery_codes", 302, 302, (302, 302)),
    ("mfa_download_recovery_codes", 404, 404, (302, 302)),
    ("mfa_list_webauthn", 200, 405, (302, 302)),
    ("mfa_add_webauthn", 302, 302, (302, 302)),
    ("mfa_reauthenticate_webauthn", 302, 302, (302, 302)),
    ("mfa_remove_webauthn", 302, 302, (302, 302)),
    ("mfa_edit_webauthn", 302, 302, (302, 302)),
    ("socialaccount_login_cancelled", 200, 405, (200, 405)),
    ("socialaccount_login_error", 401, 405, (401, 405)),
    ("socialaccount_signup", 302, 302, (302, 302)),
    ("socialaccount_connections", 200, 200, (302, 302)),
    ("openid_connect_login", 404, 404, (404, 404)),
    ("openid_connect_callback", 404, 404, (404, 404)),
)
_ARGUMENTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "account_confirm_email": {"key": "none"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "none"},
    "mfa_remove_webauthn": {"pk": 999_999},
    "mfa_edit_webauthn": {"pk": 999_999},
    "openid_connect_login": {"provider_id": "none"},
    "openid_connect_callback": {"provider_id": "none"},
}
