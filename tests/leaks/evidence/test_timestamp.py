"""Against a real time-stamping authority, as OpenSSL runs one."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from leaktraces import trace
from stampauthority import OPENSSL, Authority

from kulla.errors import ConfigError, InputError
from kulla.leaks.evidence import (
    Evidence,
    TimeStamp,
    full,
    intake,
    intake_list,
    made_of,
    request_for,
    verified,
    write_package,
)
from kulla.leaks.report import Stamp

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is not installed")
LIST = intake_list([one.sha256 for one in trace().inputs])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture(scope="module")
def answered(authority: Authority) -> tuple[bytes, bytes, Authority]:
    request = request_for(LIST)
    return request, authority.answer(request), authority


def test_a_stamp_is_asked_for_given_and_verified(authority: Authority) -> None:
    request = request_for(LIST)
    found = verified(authority.answer(request), request, LIST, authority.certificates)
    assert isinstance(found, TimeStamp)
    assert abs((datetime.now(UTC) - found.time).total_seconds()) < 3600
    assert "CN=TSA" in found.authority
    assert "O=Authority" in found.authority


def test_requests_bear_fresh_nonces() -> None:
    assert request_for(LIST) != request_for(LIST)


def test_certificates_may_hold_the_whole_way(authority: Authority) -> None:
    request = request_for(LIST)
    chain = (authority.folder / "tsa.pem").read_bytes() + authority.certificates
    assert verified(authority.answer(request), request, LIST, chain).serial > 0


def test_what_does_not_hold_is_refused(authority: Authority, tmp_path: Path) -> None:
    request, other = request_for(LIST), request_for(LIST)
    answer = authority.answer(request)
    stranger = Authority(tmp_path / "two")
    cases = [
        (answer, request, LIST + b"x", authority.certificates, "other files"),
        (answer, other, LIST, authority.certificates, "Nonce"),
        (stranger.answer(request), request, LIST, authority.certificates, "does not hold"),
        (answer, request, LIST, stranger.certificates, "does not hold"),
        (answer[:-9] + bytes(9), request, LIST, authority.certificates, "does not hold"),
        (b"<html>404</html>", request, LIST, authority.certificates, "no TimeStampResp"),
        (answer, b"x", LIST, authority.certificates, "no TimeStampReq"),
        (authority.answer(request_for(b"another")), request, LIST, authority.certificates, "does not hold"),
    ]
    for response, asked, data, certificates, why in cases:
        with pytest.raises(InputError, match=why):
            verified(response, asked, data, certificates)
    with pytest.raises(ConfigError, match="PEM"):
        verified(answer, request, LIST, b"nothing")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=400), st.integers(0, 4_000), st.integers(1, 255))
def test_damaged_answers_are_refused_or_say_the_same(answered: tuple[bytes, bytes, Authority], junk: bytes, at: int,
                                                     change: int) -> None:  # fmt: skip
    request, answer, authority = answered
    damaged = bytearray(answer)
    damaged[at % len(damaged)] ^= change
    with pytest.raises(InputError):
        verified(junk, request, LIST, authority.certificates)
    try:
        found = verified(bytes(damaged), request, LIST, authority.certificates)
    except InputError:
        return
    # What is not signed (the status, how lengths are written) may change; what the stamp says may not.
    assert found == verified(answer, request, LIST, authority.certificates)


def test_the_package_verifies_with_its_stamp(authority: Authority, tmp_path: Path) -> None:
    request = request_for(LIST)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    stamp = Stamp("verified", trace().made, "CN=TSA")
    evidence = Evidence(trace(), request=request, response=authority.answer(request), stamp=stamp)
    made = write_package(tmp_path / "case", full(evidence, key), key, made_of(evidence.trace))
    command = ["sh", str(made.folder / "verify.sh"), made.fingerprint]
    told = []
    for certificates in ([], [authority.folder / "ca.pem"], [Authority(tmp_path / "two").folder / "ca.pem"]):
        done = subprocess.run([*command, *map(str, certificates)], capture_output=True, text=True, check=False, cwd="/")
        told.append((done.returncode, done.stdout + done.stderr))
    assert [code for code, _ in told] == [0, 0, 1]
    assert "was not checked" in told[0][1]
    assert "The time-stamp over timestamp/intake.sha256 holds" in told[1][1]
    assert "Time stamp:" in told[1][1]
    assert "the time-stamp does not hold" in told[2][1]


def test_an_intake_takes_the_response_when_it_comes(authority: Authority, tmp_path: Path) -> None:
    hashes = [one.sha256 for one in trace().inputs]
    first = intake(tmp_path, hashes)
    (tmp_path / "response.tsr").write_bytes(authority.answer(first.request))
    found = intake(tmp_path, hashes, authority.certificates)
    assert found.stamp.state == "verified"
    assert "CN=TSA" in found.stamp.authority
    (tmp_path / "response.tsr").write_bytes(authority.answer(request_for(LIST)))
    failed = intake(tmp_path, hashes, authority.certificates)
    assert (failed.stamp.state, "Nonce" in failed.problem) == ("failed", True)
