from __future__ import annotations

import pytest

from kulla.hunt.entity import entity_of, generic


@pytest.mark.parametrize(
    ("event", "wanted"),
    [
        ({"EventID": ["1"], "User": ["CORP\\alice"]}, "user:CORP\\alice"),
        ({"EventID": ["4688"], "SubjectUserName": ["bob"], "TargetUserName": ["-"]}, "user:bob"),
        ({"EventID": ["4624"], "SubjectUserName": ["SRV$"], "TargetUserName": ["carol"]}, "user:carol"),
        (
            {"userIdentity.arn": ["arn:aws:iam::1:user/d"], "sourceIPAddress": ["192.0.2.1"]},
            "account:arn:aws:iam::1:user/d",
        ),
        ({"c-ip": ["192.0.2.7"], "cs-username": ["-"]}, "address:192.0.2.7"),
        ({"c-ip": ["192.0.2.7"], "cs-username": ["erin"]}, "user:erin"),
        ({"auid": ["4294967295"], "uid": ["0"]}, None),
        ({"acct": ["frank"], "addr": ["?"]}, "user:frank"),
        ({"User": []}, None),
        ({}, None),
    ],
)
def test_entity(event: dict[str, list[str]], wanted: str | None) -> None:
    assert entity_of(event) == wanted


def test_machine_accounts_and_system_names_are_generic() -> None:
    assert generic("user:NT AUTHORITY\\SYSTEM")
    assert generic("user:SRV-01$")
    assert not generic("address:192.0.2.7")
