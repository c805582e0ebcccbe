"""Envelopes: only the centre, only unchanged, only in time, only once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from kulla.errors import ConfigError, InputError
from kulla.registers.envelope import Purpose, opened, public_key, sealed

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
SECRET, CENTRE, OTHER = bytes(range(32)), b"c" * 32, b"o" * 32
PURPOSE = Purpose("payroll", "abc", 2, "2026/114", ("A. Hoxha", "B. Leka"), NOW + timedelta(hours=24))


def test_the_centre_opens_what_was_sealed_to_it() -> None:
    data = sealed(SECRET, PURPOSE, public_key(CENTRE))
    assert opened(data, CENTRE, NOW) == (SECRET, PURPOSE)
    assert SECRET not in data
    assert data != sealed(SECRET, PURPOSE, public_key(CENTRE))


def test_nobody_else_opens_it() -> None:
    with pytest.raises(InputError, match="not an envelope sealed to this key"):
        opened(sealed(SECRET, PURPOSE, public_key(CENTRE)), OTHER, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [("case", "2026/115"), ("register", "civil"), ("epoch", 1), ("until", "2030-01-01T00:00:00+00:00"),
     ("names", ["x", "y"])],
)  # fmt: skip
def test_changing_what_it_is_for_spoils_it(name: str, value: object) -> None:
    whole = orjson.loads(sealed(SECRET, PURPOSE, public_key(CENTRE)))
    whole["purpose"][name] = value
    with pytest.raises(InputError):
        opened(orjson.dumps(whole), CENTRE, NOW)


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]", b'{"purpose": 3}', b'{"purpose": {"until": "x"}}'])
def test_what_is_no_envelope_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        opened(data, CENTRE, NOW)


def test_it_serves_one_run_and_for_a_time() -> None:
    data = sealed(SECRET, PURPOSE, public_key(CENTRE))
    with pytest.raises(ConfigError, match="was valid until"):
        opened(data, CENTRE, NOW + timedelta(days=2))
    with pytest.raises(ConfigError, match="was used before"):
        opened(data, CENTRE, NOW, frozenset({PURPOSE.id}))


@pytest.mark.parametrize(
    "other", [{"names": ("A. Hoxha",)}, {"names": ("A. Hoxha", "a. hoxha ")}, {"names": ("A", "")}, {"case": " "}]
)
def test_a_case_and_two_names_are_needed(other: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="two different persons"):
        sealed(SECRET, replace(PURPOSE, **other), public_key(CENTRE))  # type: ignore[arg-type]
