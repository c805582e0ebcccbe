from __future__ import annotations

from dataclasses import asdict

import pytest

from kulla.errors import ConfigError
from kulla.exercise.profile import Profile, names, read_profile, shipped


def test_at_least_four_profiles_ship_and_none_is_another() -> None:
    assert {"steady", "overdispersed", "seasonal", "reorganised", "busy", "quiet"} <= set(names())
    habits = [str(asdict(shipped(name).staff)) for name in names()]
    assert len(set(habits)) == len(habits)
    assert all(shipped(name).about for name in names())


@pytest.mark.parametrize("name", names())
def test_no_profile_is_soft(name: str) -> None:
    staff = shipped(name).staff
    assert all(role.burst > 0 and role.spread > 0 for role in staff.role)
    assert any(role.walkers > 0.2 for role in staff.role), "benign enumerators"
    assert any(role.scans > 0 for role in staff.role), "full scans"
    assert 0 < staff.on_file < 1
    assert 0 < staff.case_named < 1
    assert staff.role_changes > 0
    assert staff.projects > 0
    assert len(set(staff.seasons)) > 1


def test_what_is_not_said_has_its_default() -> None:
    assert read_profile("schema = 1", "plain", "plain.toml") == Profile("plain")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema = 2", "schema must be 1"),
        ("schema = ", "not TOML"),
        ("schema = 1\n[staff]\nvolum = 1", "unknown key volum"),
        ("schema = 1\n[staff]\nvolume = 'much'", "must be a number"),
        ("schema = 1\n[staff]\njobs = 1.5", "whole number"),
        ("schema = 1\n[staff]\ndrift = -1", "must not be negative"),
        ("schema = 1\n[staff]\nseasons = [1]", "12 numbers"),
        ("schema = 1\n[staff]\nholidays = ['tomorrow']", "MM-DD"),
        ("schema = 1\n[[staff.role]]\nname = 'clerk'", "a key is missing"),
        ("schema = 1\n[[staff.role]]\nname = 'a'\nshare = 1\nlook_ups = 1\nremit = 'town'", "remit must be"),
        ("schema = 1\n[registers]\nbirths = 1", "unknown key births"),
        ("schema = 1\nother = 1", "unknown key other"),
    ],
)
def test_what_is_wrong_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"p\.toml") as caught:
        read_profile(text, "p", "p.toml")
    assert said in str(caught.value)


def test_an_unknown_name_lists_the_known() -> None:
    with pytest.raises(ConfigError, match="steady"):
        shipped("none")
