"""The Albanian national identity number (NID), its form and its check letter.

Ten characters: a character for the decade (`0`-`9` for 1800-1899, `A`-`T` for 1900-2099), the year's last digit, two
digits for month and kind of person (month; +30 for a foreign man, +50 for a woman, +80 for a foreign woman), two for
the day, three for the serial number of that day, and a check letter: the sum of the nine characters, weighted
1, 1, 2, … 8 (letters count A = 1 … V = 22), modulo 23, as a letter of `WABC…V`. The state publishes no specification of
the letter; the rule is the one that public validators agree on, so a wrong letter is evidence against an id, not proof.
"""

from __future__ import annotations

import re
from datetime import date

_DECADES = "0123456789ABCDEFGHIJKLMNOPQRST"
_CHECKS = "WABCDEFGHIJKLMNOPQRSTUV"
_WEIGHTS = (1, 1, 2, 3, 4, 5, 6, 7, 8)
_FORM = re.compile(r"[0-9A-T][0-9]{8}[A-W]", re.ASCII)
_KINDS = (0, 30, 50, 80)


def check_letter(first_nine: str) -> str:
    """The check letter that belongs to the first nine characters (capitals).

    >>> check_letter("J00101999"), check_letter("J05115999")
    ('W', 'K')
    """
    values = (int(c) if c.isdigit() else _CHECKS.index(c) for c in first_nine)
    return _CHECKS[sum(weight * value for weight, value in zip(_WEIGHTS, values, strict=True)) % 23]


def well_formed(text: str) -> bool:
    """Whether text has the form, a day that exists, and the right check letter. Capitals only; see `normalise`.

    >>> well_formed("J00101999W"), well_formed("J00101999K"), well_formed("J00231999A")
    (True, False, False)
    """
    return bool(_FORM.fullmatch(text)) and text[9] == check_letter(text[:9]) and birth_date(text) is not None


def birth_date(text: str) -> date | None:
    """The day of birth that an id tells; None when it tells none that exists.

    >>> birth_date("J05115999K")
    datetime.date(1990, 1, 15)
    """
    if not _FORM.fullmatch(text):
        return None
    month = int(text[2:4])
    for kind in _KINDS:
        if 1 <= month - kind <= 12:
            try:
                return date(1800 + 10 * _DECADES.index(text[0]) + int(text[1]), month - kind, int(text[4:6]))
            except ValueError:
                return None
    return None


def made(born: date, woman: bool, serial: int) -> str:
    """The id of a citizen by day of birth, sex and serial number (0-999) of that day.

    >>> made(date(1990, 1, 1), False, 999)
    'J00101999W'
    """
    years = born.year - 1800
    month = born.month + (50 if woman else 0)
    nine = f"{_DECADES[years // 10]}{years % 10}{month:02}{born.day:02}{serial:03}"
    return nine + check_letter(nine)
