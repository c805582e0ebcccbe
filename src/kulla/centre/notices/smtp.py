"""Mail out, through Django's own SMTP backend, with the settings of centre.toml and a password among the keys."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, Final

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import BadHeaderError

from kulla.centre.notices.ways import Server, Ways
from kulla.centre.vault.keyring import Keys
from kulla.errors import ConfigError, OutputError

TIMEOUT: Final = 15


class Unsure(OutputError):
    """The connection was lost after the message had begun to leave: it may or may not have gone."""


class _Backend(EmailBackend):
    """Django's, trusting a certificate authority of our own when one is named."""

    ca = ""

    @cached_property
    def ssl_context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca or None)


def send(
    told: Ways, keys: Keys, to: str, subject: str, body: str, headers: Mapping[str, str], reply_to: str = ""
) -> None:  # fmt: skip
    """Send one message to one address.

    Raises ConfigError when nothing is configured, Unsure when the server's last word was not heard, OutputError when it
    surely did not take the message. The error names no recipient.
    """
    server = told.smtp
    if server is None:
        raise ConfigError("centre.toml: no [mail.smtp]: nothing is sent by mail")
    backend = _Backend(
        host=server.host, port=server.port, username=server.user, password=server.password(keys) if server.user else "",
        use_tls=server.security == "starttls", use_ssl=server.security == "tls", timeout=TIMEOUT,
    )  # fmt: skip
    backend.ca = server.ca
    more: dict[str, Any] = {"reply_to": [reply_to]} if reply_to else {}
    message = EmailMessage(subject, body, told.sender, [to], headers=dict(headers), **more)
    try:
        _opened(backend, server)
        _sent(backend, server, message)
    finally:
        with suppress(OSError):  # what was taken was taken, whatever its farewell
            backend.close()


def _opened(backend: _Backend, server: Server) -> None:
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError:
        raise OutputError(f"{server.host}: does not let {server.user} in") from None
    except ssl.SSLCertVerificationError:
        raise OutputError(f"{server.host}: its certificate is not trusted") from None
    except OSError as error:  # smtplib's are of this kind
        raise OutputError(f"{server.host}: did not take the message ({type(error).__name__})") from None


def _sent(backend: _Backend, server: Server, message: EmailMessage) -> None:
    """Only a refusal in so many words says that a message was not taken."""
    try:
        backend.send_messages([message])
    except BadHeaderError:
        raise OutputError("a header would hold a line break: it was not sent") from None
    except smtplib.SMTPRecipientsRefused:
        raise OutputError(f"{server.host}: refused the recipient") from None
    except OSError as error:
        code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else 0
        if 400 <= code < 600:
            raise OutputError(f"{server.host}: did not take the message ({type(error).__name__} {code})") from None
        raise Unsure(f"{server.host}: was lost while it took the message ({type(error).__name__})") from None
