from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kulla.errors import InputError, UsageError
from kulla.registers.insider.pseudonym import Pseudonyms, pseudonyms
from kulla.registers.insider.reveal import START, Revealed, next_entry, read_log

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def log(count: int) -> list[Revealed]:
    found: list[Revealed] = []
    for n in range(count):
        last = found[-1] if found else None
        found.append(next_entry(last, NOW, "payroll", f"a-{n}", "Drita", "Agron", f"case 2026/{n} asks"))
    return found


def test_entries_chain_and_come_back() -> None:
    entries = log(3)
    assert [each.number for each in entries] == [1, 2, 3]
    assert entries[0].previous == START
    assert entries[2].previous == entries[1].hash
    assert entries[0].pseudonym == "A-0"
    assert list(read_log([each.line() for each in entries], "reveals.jsonl")) == entries
    assert read_log([], "x") == ()


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_changed_or_missing_line_is_told(at: int) -> None:
    lines = [each.line() for each in log(4)]
    with pytest.raises(InputError, match=f"reveals.jsonl: line {at + 1} "):
        read_log([*lines[:at], lines[at].replace(b"Drita", b"Sokol"), *lines[at + 1 :]], "reveals.jsonl")
    with pytest.raises(InputError, match=f"line {at + 1} "):
        read_log([*lines[:at], *lines[at + 1 :]], "reveals.jsonl")
    with pytest.raises(InputError, match=f"line {at + 1} "):
        read_log([*lines[:at], b"{}\n", *lines[at + 1 :]], "reveals.jsonl")


@pytest.mark.parametrize(
    ("by", "witness", "reason"),
    [("Drita", " drita ", "case 2026/31"), ("", "Agron", "case 2026/31"), ("Drita", "", "case 2026/31"),
     ("Drita", "Agron", "because")],
)  # fmt: skip
def test_two_persons_and_a_reason_are_needed(by: str, witness: str, reason: str) -> None:
    with pytest.raises(UsageError):
        next_entry(None, NOW, "payroll", "A-1", by, witness, reason)


def test_pseudonyms_belong_to_register_account_and_key() -> None:
    one = pseudonyms("payroll", bytes(32))
    some = {
        one.of("a"), one.of("b"), pseudonyms("civil", bytes(32)).of("a"), pseudonyms("payroll", b"k" * 32).of("a"),
        Pseudonyms("payroll", bytes(32)).of("a"), pseudonyms("payrol", bytes(32)).of("la"),
    }  # fmt: skip
    assert len(some) == 6
    assert one.behind(one.of("b").lower(), ["a", "b"]) == "b"
    assert one.behind("A-0000-0000-0000", ["a", "b"]) is None
    assert "k" * 8 not in repr(Pseudonyms("payroll", b"k" * 32))
