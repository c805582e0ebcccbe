"""Where a trace runs, from its options; and what is said of options that do not fit together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kulla.cli.leak.sites import owner_keys, pair, site_of, stage
from kulla.errors import InputError, UsageError
from kulla.leaks.desk.site import OwnerSite

NOW = datetime(2026, 5, 4, tzinfo=UTC)


def test_keys_are_given_by_register() -> None:
    assert owner_keys(["payroll=a.key", "civil=b=c.key"]) == {"payroll": Path("a.key"), "civil": Path("b=c.key")}
    for text in ("payroll", "=a.key", "payroll="):
        with pytest.raises(UsageError, match=r"--marks .*: write REGISTER=FILE"):
            pair("--marks", text)


@pytest.mark.parametrize(
    ("centre", "centre_key", "owner", "key", "said"),
    [
        (None, None, None, None, "give --centre DIR, or at the owner's site --owner DIR"),
        ("c", "k", "o", "k", "give --centre DIR, or at the owner's site --owner DIR"),
        (None, None, "o", None, "--owner: needs --key FILE"),
        ("c", None, None, None, "--centre: needs --centre-key FILE"),
    ],
)
def test_what_is_missing_is_named(
    centre: str | None, centre_key: str | None, owner: str | None, key: str | None, said: str
) -> None:
    paths = [Path(each) if each else None for each in (centre, centre_key, owner, key)]
    with pytest.raises(UsageError, match=said):
        site_of(paths[0], paths[1], {}, paths[2], paths[3], "1", NOW)


def test_an_owners_site_needs_no_centre(tmp_path: Path) -> None:
    site = site_of(None, None, {}, tmp_path, tmp_path / "owner.key", "1", NOW)
    assert isinstance(site, OwnerSite)
    assert site.at_owner


def test_a_folder_that_is_no_centre_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no centre's folder|no register is imprinted here"):
        site_of(tmp_path, tmp_path / "k", {"payroll": tmp_path / "o"}, None, None, "1", NOW)


def test_stages_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    stage("date payroll")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "kulla: date payroll\n")
