"""Statements that attribution and calibration make in English words, and the keys by which reports say them."""

from __future__ import annotations

import re
from typing import Final

SENTENCES: Final = tuple(
    (re.compile(pattern), key)
    for pattern, key in (
        (r"no row of the piece ever stood so in the register", "never_stood"),
        (r"no valid calibration: (none was made|no_calibration)", "no_calibration"),
        (r"no valid calibration: (?P<reason>.+)", "no_calibration_as"),
        (r"none was made", "no_calibration"),
        (r"the log covers only (?P<covered>[0-9.]+%) of the window of extraction", "covers_only"),
        (r"reads of the log explain too little of the piece", "explains_little"),
        (r"all the log lines that it rests on were never sealed", "never_sealed"),
        (r"episodes of several accounts explain it about as well", "tie"),
        (r"several episodes of one account explain it about as well", "tie_of_one"),
        (r"an unlogged copy of the same state explains it about as well", "indistinguishable"),
        (r"(?P<rows>[0-9]+) rows of its records stood so at another time only", "contradicted"),
        (r"nobody knows which records some of its reads returned", "unknown_records"),
        (r"the records of some of its reads are an upper bound", "upper_bound"),
        (r"nobody knows which columns some of its reads returned", "unknown_columns"),
        (
            r"the account's other reads of those days, mostly of records not in the file, are left out of it",
            "left_out",
        ),
        (r"an extract that was handed out explains it as well, and its marks are in the file", "marked"),
        (r"a known copy of the register explains it about as well", "copied"),
        (r"some of its log lines were never sealed", "some_never_sealed"),
        (r"an unlogged copy of the register in other hands at that time", "clear.copy"),
        (
            r"the pool's own log showing other end users behind these reads; the hint can be forged",
            "clear.pool",
        ),
        (r"proof that these reads returned fewer records", "clear.fewer"),
        (
            r"proof that the account was used by somebody else, or that what was read never left its place",
            "clear.default",
        ),
        (r"the register was never calibrated: run kulla leak calibrate", "never_calibrated"),
        (r"reads or history have changed since: run kulla leak calibrate again", "stale_calibration"),
        (r"the calibration is older than (?P<days>[0-9]+) days", "old_calibration"),
        (r"no calibration for a piece of (?P<rows>[0-9]+) rows", "no_cell"),
    )
)
"""(the whole sentence, key below `said.`); named groups fill the key's blanks."""


def keyed(text: str) -> str:
    """A statement as `key|name=value`; one that is not known as it is.

    >>> keyed("the calibration is older than 90 days")
    'old_calibration|days=90'
    """
    for pattern, key in SENTENCES:
        found = pattern.fullmatch(text)
        if found:
            return "|".join((key, *(f"{name}={value}" for name, value in found.groupdict().items())))
    return text
