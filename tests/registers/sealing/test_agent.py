from __future__ import annotations

import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kulla.errors import ConfigError, InputError, OutputError, UsageError
from kulla.registers.folder import RegisterFolder
from kulla.registers.sealing import agent as agents
from kulla.registers.sealing import clock, index, signkeys, store
from kulla.registers.sealing.agent import Agent
from kulla.registers.seals.chain import verify
from kulla.registers.seals.cover import covered
from kulla.registers.seals.seal import Seal

KEY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)


class Desk:
    """A register's folder, a folder of logs, and an agent that passes every five minutes."""

    def __init__(self, path: Path) -> None:
        self.folder = RegisterFolder(path / "payroll")
        self.logs = path / "logs"
        self.logs.mkdir()
        self.now = START
        self.agent = Agent(self.folder, "payroll", KEY)

    def write(self, name: str, text: str) -> None:
        with (self.logs / name).open("a") as file:
            file.write(text)

    def sealed(self) -> list[str]:
        self.now += timedelta(minutes=5)
        return [seal.kind for seal in self.agent.run([self.logs], self.now, "synchronised")]

    def chain(self) -> list[Seal]:
        return store.read_chain(store.chain_file(self.folder))

    def problems(self) -> list[str]:
        return [fault.problem for fault in verify(self.chain(), KEY.public_key())]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_what_grows_is_sealed_once(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n2 two\n3 half")
    assert desk.sealed() == ["start", "segment"]
    assert desk.sealed() == ["alive"]
    desk.write("a.csv", " whole\n4 four\n")
    desk.write("b.csv", "1 other\n")
    desk.write("c.csv.gz", "packed\n")
    assert desk.sealed() == ["segment", "segment"]
    spans = [(seal.start, seal.stop, seal.line_from, seal.line_to) for seal in desk.chain() if seal.kind == "segment"]
    assert spans == [(0, 12, 1, 2), (12, 32, 3, 4), (0, 8, 1, 1)]
    assert desk.problems() == []


def test_rotation_and_renaming_leave_the_chain_whole(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n")
    desk.sealed()
    desk.write("a.csv", "2 two\n")
    (desk.logs / "a.csv").rename(desk.logs / "a.csv.1")
    desk.write("a.csv", "1 new\n")
    assert sorted(desk.sealed()) == ["segment", "segment"]
    assert desk.problems() == []
    (desk.logs / "a.csv.1").unlink()
    assert desk.sealed() == ["gone"]
    assert desk.sealed() == ["alive"]
    assert desk.problems() == ["gone"]


def test_lines_taken_out_changed_or_cut_off_are_told(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n2 two\n3 three\n")
    desk.sealed()
    (desk.logs / "a.csv").write_text("1 one\n2 tow\n3 three\n")
    assert desk.sealed() == ["altered", "segment"]
    (desk.logs / "a.csv").write_text("1 one\n3 three\n")
    assert desk.sealed() == ["shrunk", "segment"]
    assert set(desk.problems()) == {"altered", "shrunk", "overlap"}
    (desk.logs / "a.csv").write_text("9 another first line\n")
    assert sorted(desk.sealed()) == ["gone", "segment"]


def test_an_agent_started_again_goes_on(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n")
    desk.sealed()
    desk.write("a.csv", "2 two\n")
    desk.agent = Agent(desk.folder, "payroll", KEY)
    assert desk.sealed() == ["start", "segment"]
    assert desk.problems() == ["restarted"]
    chain = store.chain_file(desk.folder)
    with chain.open("ab") as file:
        file.write(b'{"half')
    desk.agent = Agent(desk.folder, "payroll", KEY)
    desk.write("a.csv", "3 three\n")
    assert desk.sealed() == ["start", "segment"]
    assert desk.problems() == ["restarted", "restarted"]
    assert chain.stat().st_mode & 0o777 == 0o600


def test_a_chain_that_was_changed_by_hand_is_named_with_its_line(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n")
    desk.sealed()
    path = store.chain_file(desk.folder)
    path.write_bytes(path.read_bytes().replace(b'"segment"', b"segment"))
    with pytest.raises(InputError, match=r"seals\.jsonl: line 2: no seal"):
        desk.chain()


LINES = st.lists(st.text("ab,\"'", max_size=6), min_size=1, max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(passes=st.lists(LINES, min_size=1, max_size=4), segment=st.sampled_from([4, 16, 1 << 20]))
def test_cover_tells_every_line_and_when(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, passes: list[list[str]], segment: int
) -> None:
    desk = Desk(tmp_path_factory.mktemp("seal"))
    monkeypatch.setattr(agents, "SEGMENT", segment)
    written: list[tuple[str, datetime]] = []
    desk.sealed()
    for number, lines in enumerate(passes):
        for line in lines:
            text = f"{number} {line}\n"
            desk.write("a.csv", text)
            written.append((text, desk.now + timedelta(minutes=5)))
        desk.sealed()
    found = covered(io.BytesIO("".join(text for text, _ in written).encode()), desk.chain())
    told = {line: each for each in found for line in range(each.line_from, each.line_to + 1)}
    assert sorted(told) == list(range(1, len(written) + 1))
    for place, (_, sealed) in enumerate(written, 1):
        assert told[place].sealed == sealed
        assert told[place].within == timedelta(minutes=5)


def test_grades_follow_the_log_under_any_name(desk: Desk) -> None:
    desk.write("a.csv", "1 one\n2 two\n")
    desk.sealed()
    desk.write("a.csv", "3 three\n")
    desk.sealed()
    desk.now += timedelta(hours=2)
    desk.write("a.csv", "4 four\n")
    desk.sealed()
    content = (desk.logs / "a.csv").read_bytes() + b"5 five\n"
    assert index.note(desk.folder, "s" * 64, io.BytesIO(content), desk.chain()) == 4
    assert index.note(desk.folder, "t" * 64, io.BytesIO(b"1 other\n"), desk.chain()) == 0
    grade = index.grades_of(desk.folder)
    files = pa.array(["s" * 64] * 5 + ["t" * 64, None]).dictionary_encode()
    lines = pa.array([1, 2, 3, 4, 5, 1, 1], pa.int64())
    assert grade(files, lines).to_pylist() == ["late", "late", "sealed", "late", "never", "never", "never"]
    changed = content.replace(b"3 three", b"3 thirt")
    index.note(desk.folder, "u" * 64, io.BytesIO(changed), desk.chain())
    again = index.grades_of(desk.folder)(pa.array(["u" * 64] * 4), pa.array([1, 2, 3, 4]))
    assert again.to_pylist() == ["late", "late", "never", "late"]


def test_lines_rewritten_and_sealed_again_never_count_as_fresh(desk: Desk) -> None:
    path = desk.logs / "a.csv"
    desk.write("a.csv", "1 one\n2 two\n")
    desk.sealed()
    desk.write("a.csv", "3 three\n")
    desk.sealed()
    for text in ("1 one\n2 two\n3 thirt\n", "1 one\n3 thirt\n", "0 new first line\n3 thirt\n"):
        path.write_text(text)
        desk.sealed()
        found = covered(io.BytesIO(text.encode()), desk.chain())
        assert {each.within for each in found if each.sealed == desk.now} == {None}


def test_keys_are_private_apart_and_of_the_right_kind(tmp_path: Path) -> None:
    path = tmp_path / "seal.pem"
    public = signkeys.new_key(path)
    assert signkeys.private_key(path).public_key().public_bytes_raw() == public.public_bytes_raw()
    assert signkeys.public_key(tmp_path / "seal.pem.pub").public_bytes_raw() == public.public_bytes_raw()
    with pytest.raises(OutputError, match="exists already"):
        signkeys.new_key(path)
    os.chmod(path, 0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        signkeys.private_key(path)
    os.chmod(path, 0o600)
    path.write_text("no key")
    with pytest.raises(ConfigError, match="no PEM private key"):
        signkeys.private_key(path)
    with pytest.raises(ConfigError, match="no PEM public key"):
        signkeys.public_key(path)
    (tmp_path / "owner.toml").touch()
    with pytest.raises(UsageError, match="keep keys apart"):
        signkeys.new_key(tmp_path / "inside.pem")


def test_the_clock_says_something() -> None:
    assert clock.status() in ("synchronised", "unsynchronised", "unknown")
