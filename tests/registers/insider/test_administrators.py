from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kulla.registers.insider.administrators import ACTS, UNKNOWN, Hit, account_of, acts

RULES = Path(__file__).parents[3] / "rules"
DUMP, BASE = "d5f7c14a-17a6-5baf-a33e-8a34819698e4", "2e6910d9-aabf-5c43-b034-d33ca2aa9d03"


def hit(rule: str, hour: int, entity: str | None = "user:dba", level: str = "high", host: str = "db1") -> Hit:
    when = datetime(2026, 3, 2, hour, tzinfo=UTC)
    return Hit(rule, "title " + rule[:4], level, when, host, entity, f"{rule[:4]}-{hour}")  # type: ignore[arg-type]


def test_acts_of_a_day_are_one_and_the_worst_names_it() -> None:
    some = [hit(BASE, 12, level="critical"), hit(DUMP, 9), hit(DUMP, 10), hit(DUMP, 9, "user:other")]
    first, second = acts(some, "UTC")
    assert (first.account, second.account) == ("dba", "other")
    assert (first.kinds, first.hits, first.level, first.rule_id) == (("dump", "base backup"), 3, "critical", BASE)
    assert first.event_ids == ("d5f7-9", "d5f7-10", "2e69-12")
    assert acts(reversed(some), "UTC") == [first, second]


def test_other_rules_and_untimed_hits_are_left_out() -> None:
    untimed = Hit(DUMP, "t", "high", None, "db1", "user:dba", "e")
    assert acts([untimed, hit("00000000-0000-4000-8000-000000000000", 9)], "UTC") == []


def test_without_an_account_the_host_stands_for_it() -> None:
    assert account_of(hit(DUMP, 9, None)) == f"{UNKNOWN} at db1"
    assert account_of(hit(DUMP, 9, "address:10.1.2.3")) == f"{UNKNOWN} at db1"
    assert account_of(hit(DUMP, 9, "account:sa")) == "sa"


def test_every_act_is_a_rule_of_ours() -> None:
    text = "\n".join(path.read_text("utf-8") for path in RULES.rglob("*.yml"))
    missing = [rule for rule in ACTS if f"id: {rule}" not in text]
    assert missing == []
