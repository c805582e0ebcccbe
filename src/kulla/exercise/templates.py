"""The statements that applications and people send, by register, shape and form; `:name` stands for a value.

A statement's template has every value replaced by `?`, as the reads' templates table holds it.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from kulla.exercise.acts import AGGREGATE, FAMILY, KEY_PAGE, LIST, LOOK_UP, PAGE, SAMPLE, SCAN

COLUMNS: Final = {
    "payroll": ("nid", "full_name", "employer_id", "employer", "position", "municipality", "period", "gross_salary",
                "phone"),
    "civil": ("nid", "given_name", "family_name", "father_name", "birth_date", "sex", "municipality", "address"),
    "voter": ("nid", "full_name", "birth_date", "polling_station", "municipality", "phone", "preference"),
}  # fmt: skip
"""The registers that the staff reads, and their columns."""

_NARROW: Final = {
    "payroll": ("nid", "full_name", "employer", "period", "gross_salary"),
    "civil": ("nid", "given_name", "family_name", "birth_date", "address"),
    "voter": ("nid", "full_name", "polling_station"),
}
_CONTACT: Final = {
    "payroll": ("nid", "full_name", "phone"),
    "civil": ("nid", "given_name", "family_name", "father_name"),
    "voter": ("nid", "full_name", "phone"),
}
_VALUE: Final = re.compile(r":[a-z]+")

Columns = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Form:
    """A statement: its text with `:name` for values, and the register's columns that it gives."""

    text: str
    columns: Columns

    @property
    def template(self) -> str:
        """The text with every value as `?`."""
        return _VALUE.sub("?", self.text)

    @property
    def template_id(self) -> bytes:
        """16 bytes of BLAKE2b over the template."""
        return hashlib.blake2b(self.template.encode(), digest_size=16).digest()


@cache
def form(register: str, shape: int, number: int, whole: bool = False) -> Form:
    """The statement of that shape and form; whole: without the municipality filter of pages, scans and aggregates."""
    wide, narrow, contact = COLUMNS[register], _NARROW[register], _CONTACT[register]
    monthly = register == "payroll"
    period = "and period = :period" if monthly else ""
    here = "" if whole else "where municipality = :municipality"
    now = ("where period = :period" if monthly else "") if whole else f"{here} {period}"
    order = "order by nid, employer_id" if monthly else "order by nid"
    employer = f"where employer_id = :employer {period}"
    texts: dict[int, list[tuple[Columns, str]]] = {
        LOOK_UP: [(narrow, "where nid = :nid"), (wide, "where nid = :nid"), (contact, "where nid = :nid"),
                  (wide, "where nid = :nid order by period desc" if monthly else "where nid = :nid ")],
        FAMILY: [(narrow, "where nid = any(:nids)"), (wide, "where nid in (:list)")],
        LIST: [(narrow, employer), (wide, employer), (narrow, f"{employer} order by nid")],
        PAGE: [(cells, f"{now} {order} limit 50 offset :offset") for cells in (narrow, wide)],
        KEY_PAGE: [(narrow, f"where nid > :nid {period} {order} limit :limit")],
        SAMPLE: [(narrow, f"where nid = any(:nids) {period}"), (narrow, f"where nid in (:list) {period}")],
        SCAN: [(narrow, now), (wide, now)],
    }  # fmt: skip
    if shape == AGGREGATE:
        known = _aggregates(register, now, here)
        columns, text = known[number % len(known)]
        return Form(text, columns)
    columns, rest = texts[shape][number % len(texts[shape])]
    return Form(_select(", ".join(columns), register, rest), columns)


def _aggregates(register: str, now: str, here: str) -> list[tuple[Columns, str]]:
    by_place = _select("municipality, count(*)", register, now, "group by municipality")
    if register == "payroll":
        months = _select("period, count(*), avg(gross_salary)", register, here, "group by period order by period")
        total = _select("count(*), sum(gross_salary)", register, now)
        return [(("municipality",), by_place), (("period", "gross_salary"), months), (("gross_salary",), total)]
    return [(("municipality",), by_place), ((), _select("count(*)", register, now)), (("municipality",), by_place)]


def _select(what: str, register: str, *rest: str) -> str:
    return " ".join(part for part in ("select", what, "from", f"public.{register}", *map(str.strip, rest)) if part)
