from __future__ import annotations

import stat
from pathlib import Path

import orjson
import pytest
from leaktraces import situations, trace

from kulla.errors import ConfigError, InputError, OutputError
from kulla.leaks.evidence import Evidence, intake, named, signing_key, write_packages

SITUATIONS = situations()


def accounts(folder: Path) -> list[str]:
    told = orjson.loads((folder / "trace.json").read_bytes())
    return [each["account"] for each in told["attributions"][0]["candidates"]]


def test_each_party_gets_a_package_with_the_others_redacted(tmp_path: Path) -> None:
    made = write_packages(tmp_path / "out", Evidence(SITUATIONS["set"]), signing_key(tmp_path / "sign.pem"))
    assert [each.folder.name for each in made] == ["full", "rerun", "disclosure-1", "disclosure-2"]
    assert named(SITUATIONS["set"]) == ("pay_clerk_17", "pay_clerk_02")
    for number, mine, other in ((1, 0, 1), (2, 1, 0)):
        told = accounts(tmp_path / "out" / f"disclosure-{number}")
        assert told[mine] == named(SITUATIONS["set"])[mine]
        assert told[other].startswith("redacted:")
    assert accounts(tmp_path / "out" / "full")[:2] == ["pay_clerk_17", "pay_clerk_02"]
    with pytest.raises(OutputError, match="exists already"):
        write_packages(tmp_path / "out", Evidence(SITUATIONS["set"]), signing_key(tmp_path / "sign.pem"))


def test_where_no_account_is_named_all_are_redacted(tmp_path: Path) -> None:
    made = write_packages(tmp_path / "out", Evidence(SITUATIONS["withheld"]), signing_key(tmp_path / "sign.pem"))
    assert [each.folder.name for each in made] == ["full", "rerun", "disclosure-1"]
    assert all(name.startswith("redacted:") for name in accounts(tmp_path / "out" / "disclosure-1"))


def test_a_signing_key_is_made_once_and_kept_from_others(tmp_path: Path) -> None:
    path = tmp_path / "sign.pem"
    first = signing_key(path).private_bytes_raw()
    assert signing_key(path).private_bytes_raw() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may reach this key"):
        signing_key(path)


def test_the_request_is_made_once(tmp_path: Path) -> None:
    hashes = [one.sha256 for one in trace().inputs]
    first, again = (intake(tmp_path / "stamp", hashes) for _ in range(2))
    assert first == again
    assert first.stamp.state == "waiting"
    assert (tmp_path / "stamp" / "request.tsq").read_bytes() == first.request
    assert not list((tmp_path / "stamp").glob("*.new"))
    with pytest.raises(InputError, match="lists other files"):
        intake(tmp_path / "stamp", ["0" * 64])


def test_a_response_counts_only_when_it_is_checked(tmp_path: Path) -> None:
    hashes = [one.sha256 for one in trace().inputs]
    intake(tmp_path, hashes)
    (tmp_path / "response.tsr").write_bytes(b"anything")
    assert intake(tmp_path, hashes).stamp.state == "unchecked"
    found = intake(tmp_path, hashes, b"no certificate")
    assert (found.stamp.state, "no TimeStampResp" in found.problem) == ("failed", True)
