"""Constituents, users and roles from a file: all of it or nothing, and twice is as once."""

from __future__ import annotations

import pytest

from kulla.centre.people import door
from kulla.centre.people.actions import invitation
from kulla.centre.people.models import Constituent, User
from kulla.centre.people.provision import provide
from kulla.errors import ConfigError

pytestmark = pytest.mark.django_db
TEXT = """
[[constituent]]
name = "taxes"
title = "General Directorate of Taxes"
zone = "civil"
essential = true
contacts = ["A. B., dpo, 1", "C. D., press, 2"]

[[user]]
name = "mira"
language = "sq"
roles = ["analyst civil", "owner civil taxes"]
"""


def test_what_is_named_is_made_once(all_zones: None) -> None:
    made = provide(TEXT, "people.toml")
    assert (made.constituents, made.roles, [name for name, _token in made.users]) == (("taxes",), 2, ["mira"])
    assert invitation(made.users[0][1])
    mira = User.objects.get(username="mira")
    assert door.sight(mira).has("alerts.triage", "civil")
    assert Constituent.objects.get().contacts.splitlines() == ["A. B., dpo, 1", "C. D., press, 2"]
    again = provide(TEXT, "people.toml")
    assert (again.constituents, again.users, again.roles) == ((), (), 0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[user", "not TOML"), ("[team]", "alone"), ("[[user]]\nlanguage='en'", "user 1: has no name"),
        ("[[user]]\nname='a'\npassword='x'", "user 1: no such value: password"),
        ("[[user]]\nname='a'\nroles=['king civil']", "user 1: a role"),
        ("[[user]]\nname='a'\nroles=['owner civil taxes']", "no constituent taxes"),
        ("[[constituent]]\nname='A B'\nzone='civil'", "constituent 1"),
        ("[[constituent]]\nname='a'\nzone='moon'", "constituent 1"),
        ("[[constituent]]\nname='a'\nzone='civil'\n[[user]]\nname='b'\nlanguage='xx'", "user 1"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_and_nothing_is_made(all_zones: None, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        provide(text, "people.toml")
    assert not User.objects.exists()
    assert not Constituent.objects.exists()
