"""`kulla leak` lists its commands, and each tells of its options."""

from __future__ import annotations

import pytest
from cli.inprocess import kulla

COMMANDS = ("trace", "calibrate", "protect", "protected", "check-citizen")


def test_the_commands_are_listed() -> None:
    ran = kulla("leak", "--help")
    assert ran.code == 0
    assert all(name in ran.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help_with_an_example(name: str) -> None:
    ran = kulla("leak", name, "--help")
    assert ran.code == 0
    assert f"kulla leak {name} " in " ".join(ran.out.split())


def test_what_must_be_given_is_asked_for() -> None:
    ran = kulla("leak", "trace", "leak.csv", "--case", "1")
    assert ran.code == 2
    assert "--purpose" in ran.err
