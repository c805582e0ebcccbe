from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kulla.registers.seals.chain import verify
from kulla.registers.seals.seal import FIRST, Kind, Seal, countersigned, fingerprint, holds, read_seal, signed

KEY = Ed25519PrivateKey.from_private_bytes(b"a" * 32)
CENTRE = Ed25519PrivateKey.from_private_bytes(b"c" * 32)
START = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def chain(*steps: tuple[Kind, int, int], minutes: int = 5) -> list[Seal]:
    """Seals of one log, by kind and bytes; a line is 10 bytes."""
    made: list[Seal] = []
    for number, (kind, start, stop) in enumerate(steps, 1):
        seal = Seal(
            register="payroll",
            seq=number,
            kind=kind,
            time=START + number * minutes * MINUTE,
            clock="synchronised",
            previous=made[-1].hash if made else FIRST,
            key="",
            file="f" * 32 if kind not in ("start", "alive") else "",
            name="audit.csv" if kind not in ("start", "alive") else "",
            start=start,
            stop=stop,
            line_from=start // 10 + 1 if stop else 0,
            line_to=stop // 10,
            sha256="0" * 64 if stop else "",
        )
        made.append(signed(seal, KEY))
    return made


GOOD = chain(("start", 0, 0), ("segment", 0, 100), ("segment", 100, 250), ("alive", 0, 0), ("segment", 250, 300))


def problems(seals: list[Seal], **more: object) -> list[tuple[str, int]]:
    return [(fault.problem, fault.seq) for fault in verify(seals, KEY.public_key(), **more)]  # type: ignore[arg-type]


def test_a_sound_chain_has_no_fault() -> None:
    assert problems(GOOD, now=GOOD[-1].time + MINUTE) == []


@given(st.integers(0, len(GOOD) - 1), st.sampled_from(["time", "stop", "sha256", "name", "clock", "signature"]))
def test_any_change_shows(at: int, member: str) -> None:
    seal = GOOD[at]
    value = {
        "time": seal.time + MINUTE,
        "stop": seal.stop + 1,
        "sha256": "1" * 64,
        "name": "other",
        "clock": "unknown",
        "signature": signed(replace(seal, name="x"), KEY).signature,
    }[member]
    changed = [*GOOD]
    changed[at] = replace(seal, **{member: value})  # type: ignore[arg-type]
    assert ("forged", seal.seq) in problems(changed)


@given(st.integers(0, len(GOOD) - 2))
def test_a_seal_taken_out_or_moved_shows(at: int) -> None:
    assert any(problem in ("broken", "gap") for problem, _ in problems([*GOOD[:at], *GOOD[at + 1 :]]))
    swapped = [*GOOD[:at], GOOD[at + 1], GOOD[at], *GOOD[at + 2 :]]
    assert any(problem == "broken" for problem, _ in problems(swapped))


def test_the_end_cut_off_or_made_anew_shows_by_the_heads_alone() -> None:
    head = countersigned(GOOD[-1], GOOD[-1].time + MINUTE, CENTRE)
    centre = CENTRE.public_key()
    assert problems(GOOD[:-1]) == []
    assert problems(GOOD[:-1], heads=[head], centre=centre) == [("truncated", 5)]
    anew = chain(("start", 0, 0), ("segment", 0, 100), ("segment", 100, 250), ("alive", 0, 0), ("segment", 250, 290))
    assert problems(anew) == []
    assert problems(anew, heads=[head], centre=centre) == [("rewritten", 5)]
    assert problems(GOOD, heads=[head], centre=KEY.public_key()) == [("forged", 5)]
    early = countersigned(GOOD[-1], GOOD[0].time, CENTRE)
    assert problems(GOOD, heads=[early], centre=centre) == [("future", 5)]


@pytest.mark.parametrize(
    ("steps", "wanted"),
    [
        ([("start", 0, 0), ("segment", 0, 100), ("segment", 120, 250)], ("gap", 3)),
        ([("start", 0, 0), ("segment", 0, 100), ("segment", 90, 250)], ("overlap", 3)),
        ([("start", 0, 0), ("segment", 0, 100), ("shrunk", 0, 0)], ("shrunk", 3)),
        ([("start", 0, 0), ("segment", 0, 100), ("gone", 0, 0)], ("gone", 3)),
        ([("start", 0, 0), ("segment", 0, 100), ("altered", 0, 0)], ("altered", 3)),
        ([("start", 0, 0), ("segment", 0, 100), ("start", 0, 0)], ("restarted", 3)),
    ],
)
def test_what_the_agent_saw_is_told(steps: list[tuple[Kind, int, int]], wanted: tuple[str, int]) -> None:
    assert wanted in problems(chain(*steps))


def test_silence_and_clocks_are_told() -> None:
    slow = chain(("start", 0, 0), ("alive", 0, 0), minutes=40)
    assert problems(slow) == [("silence", 2)]
    assert problems(GOOD, now=GOOD[-1].time + 30 * MINUTE) == [("silence", 5)]
    back = [GOOD[0], signed(replace(GOOD[1], time=GOOD[0].time - MINUTE), KEY)]
    assert problems(back) == [("clock", 2)]
    loose = [GOOD[0], signed(replace(GOOD[1], clock="unsynchronised"), KEY)]
    assert problems(loose) == [("clock", 2)]


def test_a_line_gives_the_seal_back_and_nothing_else_passes() -> None:
    for seal in GOOD:
        assert read_seal(seal.line()) == seal
        assert holds(seal, KEY.public_key())
    assert not holds(GOOD[0], CENTRE.public_key())
    assert len(fingerprint(KEY.public_key())) == 32
    for wrong in (b"{}", b"[]", b"x", GOOD[0].line().replace(b'"seq":1', b'"seq":"1"'), b'{"kulla_seal":1}'):
        with pytest.raises(ValueError, match=r"."):
            read_seal(wrong)
