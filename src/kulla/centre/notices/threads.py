"""Which letter of ours a message answers, so that nobody joins another's thread by guessing a receipt number.

A letter's Message-ID, and the address to which answers may be asked, bear a code: 16 hexadecimal digits of an HMAC over
the report's number (a chance of 2^-64), which only who got the letter knows. A number in a subject proves nothing: it
is kept as a claim, and a person decides.
"""

from __future__ import annotations

import re
import secrets
from typing import Final

from django.utils.crypto import constant_time_compare, salted_hmac

from kulla.centre.notices.mail import Mail
from kulla.centre.people.numbering import CASE

NUMBER: Final = re.compile(rf"\bR-{CASE}\b")
_OURS: Final = re.compile(rf"\b(R-{CASE})\.([0-9a-f]{{16}})(?:\.([0-9a-f]{{8}}))?@", re.IGNORECASE)
_SALT: Final = "kulla.centre.notices.threads"


def code(number: str) -> str:
    """The code of a report. It stands as long as the console's key does."""
    return salted_hmac(_SALT, number, algorithm="sha256").hexdigest()[:16]


def new_id(number: str, host: str) -> str:
    """A Message-ID for a letter about a report."""
    return f"<{number}.{code(number)}.{secrets.token_hex(4)}@{host}>"


def answer_address(number: str, address: str) -> str:
    """The address to which answers about a report are asked: `address` with number and code after a plus."""
    local, _, host = address.rpartition("@")
    return f"{local}+{number}.{code(number)}@{host}"


def proven(mail: Mail) -> str:
    """The number of the report that a message answers, as its references or address prove; else empty."""
    for text in (*reversed(mail.ids), mail.to):
        for match in _OURS.finditer(text):
            number = match[1].upper()
            if constant_time_compare(code(number), match[2].lower()):
                return number
    return ""


def claimed(mail: Mail) -> str:
    """A receipt number that the subject names; else empty."""
    found = NUMBER.search(mail.subject)
    return found[0] if found else ""
