"""From a watched day to findings and alerts: pseudonyms, reasons, limits, evidence."""

from __future__ import annotations

from datetime import UTC, datetime

from insiderreads import CLERKS, MANIFEST, at, clerks, day_reads, explanations, ordinary, plain_context, read, staff
from insiderreads import watched_days as watch_days

from kulla.registers.insider.administrators import acts
from kulla.registers.insider.context import Context, context
from kulla.registers.insider.explain import act_finding, explained
from kulla.registers.insider.finding import EVIDENCE, Finding, alert
from kulla.registers.insider.pseudonym import Pseudonyms
from kulla.registers.insider.state import State
from kulla.registers.insider.watch import watch_day

NAMES = Pseudonyms("payroll", bytes(32))
DAY = 56
BULK = list(range(10_000, 11_500))


def watched(more: list[dict[str, object]], told: Context | None = None) -> list[Finding]:
    """The findings of a Monday after eight ordinary weeks."""
    state, told = State(), told or plain_context()
    watch_days(state, told, (ordinary(day) for day in range(DAY)))
    reads = day_reads(ordinary(DAY) + more, pooled=told.pooled)
    found = watch_day(state, reads, told)
    return [explained("payroll", each, found.today, reads, NAMES) for each in found.found]


def test_a_finding_says_what_changed_and_never_who() -> None:
    (found,) = watched([read(CLERKS[3], at(DAY, 10), BULK, template_id=b"x" * 16)])
    made = alert(found, MANIFEST)
    assert found.persons >= 1500
    assert found.pseudonym == NAMES.of(CLERKS[3])
    assert "median day" in made.explanation
    assert "Cleared by" in made.explanation
    assert "persons" in made.explanation
    assert CLERKS[3] not in repr(made)
    assert (made.kind, made.tlp, made.entities[0].kind) == ("insider", "AMBER+STRICT", "account")
    assert made.evidence[0].kind == "read"
    assert made.time_first is not None
    assert made.time_first.date() == at(DAY).date()


def test_the_read_that_took_most_is_the_first_evidence() -> None:
    export = read(CLERKS[3], at(DAY, 10), BULK)
    (found,) = watched([export])
    assert found.evidence[0].id == export["read_id"].hex()
    assert found.total == len(found.evidence) < EVIDENCE


def test_the_same_input_gives_the_same_alert() -> None:
    export = [read(CLERKS[3], at(DAY, 10), BULK)]
    one, other = (alert(watched(export)[0], MANIFEST) for _ in range(2))
    assert one == other


def test_an_audit_on_file_clears_the_export() -> None:
    told = plain_context(explanations=explanations([
        {"account": CLERKS[3], "kind": "audit", "valid_from": at(DAY, 9), "valid_to": at(DAY, 12)},
    ]))  # fmt: skip
    assert watched([read(CLERKS[3], at(DAY, 10), BULK)], told) == []
    (late,) = watched([read(CLERKS[3], at(DAY, 13), BULK)], told)
    assert late.pseudonym == NAMES.of(CLERKS[3])


def test_an_end_user_that_can_be_forged_is_said_so() -> None:
    listed = staff([*clerks().to_pylist(), {"account": "pool", "role": "application", "pooled": True}])
    more = {"end_user": "eva", "end_user_grade": "application"}
    (found,) = watched([read("pool", at(DAY, 10), BULK, **more)], context(MANIFEST, listed))
    assert found.pseudonym == NAMES.of("pool/eva")
    assert "can name another" in found.explanation()
    assert "peers alone" in found.explanation()
    (whole,) = watched([read("pool", at(DAY, 10), BULK)], context(MANIFEST, listed))
    assert "whole pool" in whole.explanation()


def test_reads_behind_a_pool_in_a_listed_name_are_that_accounts_and_can_be_forged() -> None:
    listed = staff([*clerks().to_pylist(), {"account": "pool", "pooled": True}])
    export = read("pool", at(DAY, 10), BULK, end_user=CLERKS[3], end_user_grade="application")
    (found,) = watched([export], context(MANIFEST, listed))
    assert found.pseudonym == NAMES.of(CLERKS[3])
    assert found.evidence[0].id == export["read_id"].hex()
    assert "can name another" in found.explanation()


def test_an_unlisted_account_is_said_so() -> None:
    (found,) = watched([read("stranger", at(DAY, 10), BULK)])
    assert "no such account" in found.explanation()


def test_an_administrators_act_is_a_finding_of_its_day() -> None:
    from kulla.registers.insider.administrators import Hit

    when = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    hit = Hit("d5f7c14a-17a6-5baf-a33e-8a34819698e4", "Dump", "high", when, "db1", "user:dba", "e1")
    (act,) = acts([hit], "Europe/Tirane")
    made = alert(act_finding("payroll", act, NAMES), MANIFEST)
    assert made.title == "Administrator's act: dump"
    assert (made.level, made.rule_id, made.evidence[0].id) == ("high", hit.rule_id, "e1")
    assert "dba" not in repr(made)
    assert act.day == "2026-03-03"
