"""What settings take from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from centremade import centre_at

from kulla.centre.site import environment
from kulla.errors import ConfigError


def test_without_a_centre_the_key_lasts_as_long_as_the_process() -> None:
    one, other = environment.read({}), environment.read({})
    assert one.secret != other.secret
    assert one.database["NAME"] == ":memory:"
    assert one.hosts == ()


@pytest.mark.parametrize("url", ["mysql://a/b", "sqlite:///x", "oracle"])
def test_other_databases_are_refused_without_their_password(url: str) -> None:
    with pytest.raises(ConfigError, match="postgresql://"):
        environment.database(url + ":secret@x", None)


def test_a_centre_is_served_by_its_own_variables(tmp_path: Path) -> None:
    centre = centre_at(tmp_path, tls="none", listen="127.0.0.1:8080", exercise=True, host="localhost")
    told = environment.read(environment.of(centre, {}))
    assert (told.folder, told.keys) == (centre.path, centre.keys.folder)
    assert told.secret == centre.keys.console()
    assert told.exercise
    assert "localhost" in told.hosts
    assert told.database["NAME"] == str(centre.database)


def test_a_holiday_that_is_no_date_is_refused_when_a_centre_is_served(tmp_path: Path) -> None:
    centre = centre_at(tmp_path, more={"holidays": {"al": ["28 November"]}})
    with pytest.raises(ConfigError, match=r"centre\.toml: \[holidays\] al"):
        environment.of(centre, {})


def test_a_provider_needs_its_secret_among_the_keys(tmp_path: Path) -> None:
    more = {"oidc": {"ministry": {"server": "https://login.example.al", "client": "kulla"}}}
    centre = centre_at(tmp_path, more=more)
    with pytest.raises(ConfigError, match=r"oidc-ministry\.secret"):
        environment.of(centre, {})
    (centre.keys.folder / "oidc-ministry.secret").write_text("s\n")
    (entry,) = environment.read(environment.of(centre, {})).providers
    assert (entry["provider_id"], entry["secret"]) == ("ministry", "s")
