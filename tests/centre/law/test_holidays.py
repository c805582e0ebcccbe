"""The table [holidays] of centre.toml."""

from __future__ import annotations

from datetime import date

import pytest

from kulla.centre.law.holidays import holidays
from kulla.errors import ConfigError

CODES = ("al", "eu")


def test_dates_by_jurisdiction() -> None:
    table = {"al": ["2026-11-28", "2026-11-29"], "eu": []}
    days = frozenset({date(2026, 11, 28), date(2026, 11, 29)})
    assert holidays({"holidays": table}, CODES) == {"al": days, "eu": frozenset()}
    assert holidays({}, CODES) == {}


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({"al": ["2026-11-28", "2026-11-31"]}, r"\[holidays\] al: no. 2 is no date"),
        ({"al": ["20261128"]}, "no. 1 is no date"),
        ({"al": [date(2026, 11, 28)]}, "no. 1 is no date"),
        ({"al": "2026-11-28"}, "al: must be a list"),
        ({"fr": []}, "fr: no such jurisdiction; one of al, eu"),
        (["2026-11-28"], "must be a table"),
    ],
)
def test_what_is_no_date_is_refused_with_its_key(table: object, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        holidays({"holidays": table}, CODES)
