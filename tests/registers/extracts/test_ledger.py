"""The ledger's chain, and the pools as sealed."""

from __future__ import annotations

import pytest

from kulla.errors import ConfigError, InputError
from kulla.registers.decoys.persons import Decoy
from kulla.registers.extracts import ledger, sealed, table


def entry(seq: int, recipient: str = "Bank") -> ledger.Entry:
    return ledger.Entry(
        seq, "2026-01-01T00:00:00+00:00", "payroll", recipient, "loans", "law", ("nid", "full_name"), (), "", "csv", 10,
        2, "00" * 32, f"{seq:016x}", {"all": "3"},
    )  # fmt: skip


def written(*found: ledger.Entry) -> bytes:
    data, last = b"", ledger.FIRST
    for each in found:
        line = ledger.line_of(each, last)
        data, last = data + line, ledger.hash_of(line)
    return data


def test_entries_come_back() -> None:
    found, last = ledger.entries(written(entry(1), entry(2, "Tax")), "ledger")
    assert [e.recipient for e in found] == ["Bank", "Tax"]
    assert found[0] == entry(1)
    assert last != ledger.FIRST
    assert ledger.entries(b"", "ledger") == ([], ledger.FIRST)
    assert ledger.number_of(found, "Tax") == 2
    assert ledger.number_of(found, "Nobody") is None


@pytest.mark.parametrize("change", [
    lambda lines: lines[1:],
    lambda lines: [lines[0].replace(b"Bank", b"Tank"), *lines[1:]],
    lambda lines: [lines[0], lines[2]],
    lambda lines: [*lines, b"{}"],
    lambda lines: [b"not JSON", *lines],
])  # fmt: skip
def test_a_changed_ledger_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    lines = written(entry(1), entry(2), entry(3)).splitlines()
    with pytest.raises(InputError, match="line"):
        ledger.entries(b"\n".join(change(lines)), "ledger")


def test_pools_are_sealed() -> None:
    decoy = Decoy("all", 3, 1, "J00101999W", "Agron", "Krasniqi", "0691234567", 3, "J05115999K")
    pools = sealed.Pools((decoy,), (), ("J00101999W",))
    data = sealed.sealed(pools, b"s" * 32, 4, b"n" * 12)
    for value in (decoy.id, decoy.family, decoy.phone, decoy.model):
        assert value.encode() not in data
    assert sealed.epoch_of(data, "f") == 4
    assert sealed.opened(data, b"s" * 32, "f") == pools
    with pytest.raises(ConfigError):
        sealed.opened(data, b"t" * 32, "f")
    with pytest.raises(ConfigError):
        sealed.opened(data.replace(b" 4\n", b" 5\n"), b"s" * 32, "f")
    with pytest.raises(ConfigError):
        sealed.epoch_of(b"something else", "f")


def test_bitmaps() -> None:
    assert table.slots_of(table.bitmap([0, 7, 500])) == [0, 7, 500]
    assert table.slots_of(table.bitmap([])) == []
