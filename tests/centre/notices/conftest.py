"""What tests of notices share: a mail server for the session, and a centre that knows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from typing import Any

import mailserver
import pytest
from pytest_django.fixtures import Settings

from kulla.centre.folder import Centre, opened
from kulla.centre.site import place
from kulla.centre.vault import keyring

Mail = Callable[..., bytes]
Configure = Callable[..., Centre]


@pytest.fixture(scope="session")
def imap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mailserver.Server]:
    with mailserver.running(tmp_path_factory.mktemp("imap") / "keys") as server:
        yield server


@pytest.fixture
def configure(here: Centre, settings: Settings) -> Configure:
    """`configure(mail={…}, secrets={"imap-a.secret": "…"})`: the centre with these tables and secrets."""

    def made(secrets: dict[str, str] | None = None, exercise: bool = False, **tables: Any) -> Centre:
        for name, text in (secrets or {}).items():
            keyring.write(here.keys.folder / name, text.encode(), replacing=True)
        from dataclasses import replace

        here.rewritten(replace(here.told, more=tables, exercise=exercise))
        place._opened.cache_clear()
        settings.EXERCISE = exercise
        return opened(here.path, here.keys.folder)

    return made


@pytest.fixture
def mail() -> Mail:
    """`mail("subject", "text", sender=…, files=…, headers=…)` gives a message's bytes."""

    def made(
        subject: str = "help", text: str = "we were robbed", sender: str = "Ana <ana@tax.example>",
        files: dict[str, bytes] | None = None, **headers: str,
    ) -> bytes:  # fmt: skip
        message = EmailMessage()
        message["From"], message["Subject"], message["To"] = sender, subject, "reports@centre.example"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        for name, content in (files or {}).items():
            message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
        return message.as_bytes()

    return made
