from __future__ import annotations

from kulla.detect import attack


def test_names_and_tactics_in_kill_chain_order() -> None:
    assert attack.technique("T1059.001") == ("PowerShell", ("execution",))
    found = attack.technique("t1078")
    assert found is not None
    name, tactics = found
    assert name == "Valid Accounts"
    assert tactics == tuple(sorted(tactics, key=attack.tactics().index))
    assert len(tactics) == 4
    assert attack.technique("T9999") is None


def test_the_table_is_whole() -> None:
    table = attack.attack()
    assert table.version == "17.0"
    assert (len(table.tactics), len(table.techniques) > 600) == (14, True)
    assert attack.tactics()[0] == "reconnaissance"
    assert attack.tactics()[-1] == "impact"
    assert all(tactics for _, tactics in table.techniques.values())
