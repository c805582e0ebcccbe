from __future__ import annotations

from datetime import timedelta

import pytest

from kulla.centre.law.playbook import CONTACTS, PHASES, ROLES, proposed, read_playbook, shipped
from kulla.errors import ConfigError

ONE = """schema = 1
id = "one"
version = 1
name.en = "One"
name.sq = "Një"
about.en = "x"
about.sq = "x"
types = ["fraud:phishing"]
[[task]]
id = "a"
phase = "triage"
role = "analyst"
due = "30 minutes"
call = ["police"]
title.en = "A"
title.sq = "A"
text.en = "x"
text.sq = "x"
done.en = "x"
done.sq = "x"
[[task]]
id = "b"
phase = "contain"
role = "entity"
due = "2 days"
after = ["a"]
title.en = "B"
title.sq = "B"
text.en = "x"
text.sq = "x"
evidence.en = "x"
evidence.sq = "x"
done.en = "x"
done.sq = "x"
"""


def test_the_four_playbooks_are_whole() -> None:
    assert set(shipped()) == {"insider-leak", "phishing", "ransomware-wiper", "web-shell"}
    for playbook in shipped().values():
        due = {task.id: task.due for task in playbook.tasks}
        assert {task.phase for task in playbook.tasks} >= {"triage", "preserve", "contain", "notify", "learn"}
        assert any(task.evidence for task in playbook.tasks)
        for task in playbook.tasks:
            assert task.due > timedelta()
            assert set(task.call) <= set(CONTACTS)
            assert task.role in ROLES
            assert task.phase in PHASES
            for before in task.after:
                assert due[before] <= task.due, f"{playbook.id}: {task.id} would be due before {before}"
            for texts in (task.title, task.text, task.done):
                assert texts["en"] != texts["sq"]


def test_nobody_is_called_guilty() -> None:
    told = " ".join(text for playbook in shipped().values() for task in playbook.tasks
                    for texts in (task.title, task.text, task.done) for text in texts.values()).lower()  # fmt: skip
    assert not [word for word in ("culprit", "guilty", "perpetrator", "fajtor") if word in told]


def test_a_type_proposes_its_playbooks() -> None:
    assert [each.id for each in proposed("fraud:phishing")] == ["phishing"]
    assert [each.id for each in proposed("information-content-security:data-leak")] == ["insider-leak"]
    assert proposed("test:test") == ()
    own = {"one": read_playbook(ONE, "one.toml")}
    assert [each.id for each in proposed("fraud:phishing", own)] == ["one"]
    assert own["one"].tasks[1].due == timedelta(days=2)
    assert own["one"].tasks[0].evidence == {}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("fraud:phishing", "fraud:theft", "one.toml:8: types: holds a word that is none of"),
        ('phase = "triage"', 'phase = "panic"', "one.toml:11: task.phase: must be one of triage"),
        ("30 minutes", "soon", "one.toml:13: task.due: is written as 30 minutes"),
        ('"police"', '"uncle"', "one.toml:14: task.call: holds a word that is none of"),
        ('after = ["a"]', 'after = ["b"]', "one.toml:26: task.after: names no task above this one: b"),
        ('id = "b"', 'id = "a"', "one.toml:22: task.id: is another task's already"),
        ('evidence.sq = "x"\n', "", "one.toml:31: task.evidence.sq: is missing"),
        ('done.sq = "x"\n[[task]]', "[[task]]", "one.toml:19: task.done.sq: is missing"),
        ("version = 1", "version = 1\ncolour = 'red'", "one.toml:4: colour: is no key here"),
    ],
)
def test_a_fault_is_told_with_file_and_line(old: str, new: str, told: str) -> None:
    with pytest.raises(ConfigError) as raised:
        read_playbook(ONE.replace(old, new, 1), "one.toml")
    assert told in str(raised.value).splitlines()[0] or told in str(raised.value)


def test_a_playbook_without_tasks_is_refused() -> None:
    with pytest.raises(ConfigError, match="has no task"):
        read_playbook(ONE[: ONE.index("[[task]]")], "one.toml")
