"""A decoy's rows in one register: its model's rows with all that tells who he is replaced. Pure.

What is kept, and why, column meaning by column meaning: position, municipality, office, special and plain
codes are the model's, so that they fit together; names, id, phone, birth date, address are the decoy's own; money
is the model's, moved by a few per cent and rounded as the model's was, or left where many persons have that amount (a
pay grade, the minimum wage); dates move by days; plates, IBANs and numbers that only one row has are changed until
nobody has them. Where rows are entries over time (a declaration for each month), the model's moves, hirings and
leavings come a few months earlier or later, so that no row has a twin.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.names import whole_name
from kulla.registers.decoys.persons import Decoy
from kulla.registers.decoys.roll import Roll
from kulla.registers.extracts.jobs import Jobs
from kulla.registers.extracts.streets import Streets

Row = dict[str, Any]

_MONEY: Final = 0.06
_HEAP: Final = 0.02
"""An amount that so many of all rows have is kept: the minimum wage."""
_DAYS: Final = 25
_MONTHS: Final = 4
_TRIES: Final = 200


@dataclass(frozen=True)
class Maker:
    """Makes the rows of decoys in one register.

    Attributes:
        key: the decoys' key.
        models: the models' rows in this register, by person.
        names: the models' given and family names, by person, where some register tells them.
    """

    key: bytes
    roll: Roll
    models: Mapping[str, Sequence[Row]]
    names: Mapping[str, tuple[str, str]]

    def table(self, decoys: Sequence[Decoy]) -> pa.Table:
        """Their rows, in the register's own schema. A decoy whose model is not in the register has none."""
        mates = {(d.pool, d.home): [m for m in decoys if (m.pool, m.home) == (d.pool, d.home)] for d in decoys}
        rows = [row for d in decoys for row in self.rows(d, mates[d.pool, d.home])]
        return pa.Table.from_pylist(rows, schema=self.roll.rows.schema)

    def rows(self, decoy: Decoy, mates: Sequence[Decoy]) -> list[Row]:
        """One decoy's rows. `mates`: the decoys of its household that are in the copy."""
        model = [dict(row) for row in self.models.get(decoy.model, ())]
        if model and self._jobs.columns:
            last = max(model, key=lambda row: str(row.get(self.roll.first("period"))))
            before = {name: last[name] for name in self._jobs.columns}
            after = self._jobs.employer(Draw(self.key, decoy.id, "employer"), last)
            model = [row | after if {name: row[name] for name in before} == before else row for row in model]
        return [self._row(decoy, mates, row, number) for number, row in enumerate(self._moved(decoy, model))]

    def _row(self, decoy: Decoy, mates: Sequence[Decoy], row: Row, number: int) -> Row:
        return {name: self._cell(decoy, mates, name, row, number) if value is not None else None
                for name, value in row.items()}  # fmt: skip

    def _cell(self, decoy: Decoy, mates: Sequence[Decoy], name: str, row: Row, number: int) -> Any:
        meaning, value = self._meanings.get(name, "other"), row[name]
        if name == self.roll.person:
            return decoy.id
        match meaning:
            case "name" | "given_name" | "family_name":
                return self._name(decoy, mates, name, str(value), row)
            case "phone":
                return decoy.phone or None
            case "birth_date":
                return _as(decoy.born, value)
            case "money":
                return self._money(decoy, name, value)
            case "date":
                day, shift = _day(value), Draw(self.key, decoy.id, name).between(-_DAYS, _DAYS)
                return _as(day + timedelta(shift), value) if day else value
            case "address":
                town = str(row.get(self.roll.first("municipality")) or "")
                draw = Draw(self.key, decoy.pool, decoy.home, "address", str(value))
                return self._streets.address(draw, town, str(value))
            case "email":
                return f"{decoy.given}.{decoy.family}".casefold().replace(" ", "") + "@" + str(value).partition("@")[2]
            case "national_id":
                return None
            case "plate" | "iban" | "code" | "other":
                return self._single(decoy, name, value, number)
        return value

    def _name(self, decoy: Decoy, mates: Sequence[Decoy], name: str, value: str, row: Row) -> str:
        """The decoy's own name, or that of a relative (a father's): of the household where the model's was."""
        own = self.names.get(decoy.model, ("", ""))
        if name == self.roll.first("name"):
            return whole_name(decoy.given, decoy.family, (value, *own))
        if name in (self.roll.first("given_name"), self.roll.first("family_name")):
            mine = decoy.given if name == self.roll.first("given_name") else decoy.family
            return mine.upper() if value.isupper() and len(value) > 1 else mine
        for mate in mates:
            if mate.id != decoy.id and self.names.get(mate.model, ("", ""))[0] == value:
                return mate.given
        column = self._texts(name)
        # Children of one household whose father is not in it share another's.
        draw = Draw(self.key, decoy.pool, decoy.home, name, value)
        return next((text for _ in range(_TRIES) if (text := column[draw.below(len(column))].as_py())), value)

    def _money(self, decoy: Decoy, name: str, value: Any) -> Any:
        try:
            amount = Decimal(str(value))
        except ArithmeticError:
            return value
        draw, frequent = Draw(self.key, decoy.id, name), self._frequent(name)
        if amount in frequent:
            if frequent[amount] >= self.roll.rows.num_rows * _HEAP:
                return value
            near = [each for each in frequent if abs(each - amount) <= amount * Decimal(_MONEY)]
            return str(draw.pick(near)) if isinstance(value, str) else type(value)(draw.pick(near))
        step = Decimal(1)
        while amount and amount % (step * 10) == 0 and step * 50 <= abs(amount):
            step *= 10
        while amount % step and step > Decimal("0.01"):
            step /= 10
        factor = 1 + _MONEY * (2 * draw.unit() - 1)
        moved = round(amount * Decimal(repr(factor)) / step) * step
        moved = moved.quantize(amount) if isinstance(moved, Decimal) else Decimal(moved).quantize(amount)
        return str(moved) if isinstance(value, str) else type(value)(moved)

    def _single(self, decoy: Decoy, name: str, value: Any, number: int) -> Any:
        """A value that one row alone has (a plate, a contract's number) is changed; others are kept."""
        if not isinstance(value, str) or not re.search(r"\d", value):
            return value
        known = self._counts(name)
        if self._meanings.get(name) not in ("plate", "iban") and known.get(value, 0) > 1:
            return value
        made = _changed(Draw(self.key, decoy.id, name, number), value, known)
        return _iban(made) if self._meanings.get(name) == "iban" else made

    def _moved(self, decoy: Decoy, rows: list[Row]) -> list[Row]:
        """The rows over time, with changes coming some months earlier or later."""
        period = self.roll.first("period")
        if not period or period not in self.roll.manifest.entry or not rows:
            return rows
        places = self._periods
        own = {places[row[period]]: row for row in sorted(rows, key=lambda row: places[row[period]])}
        if len(own) != len(rows):
            return rows  # several entries in one month: two employers at once
        shift = Draw(self.key, decoy.id, "months").pick([m for m in range(-_MONTHS, _MONTHS + 1) if m])
        first, last, end = min(own), max(own), len(places) - 1
        start = first if first == 0 else min(max(first + shift, 0), end)
        stop = last if last == end else min(max(last + shift, start), end)
        names = list(places)
        made = []
        for at in range(start, stop + 1):
            source = own.get(min(max(at - shift, first), last))
            if source is None:
                continue
            made.append({**source, **self._pay(source, own.get(at)), period: names[at]})
        return made or rows

    def _pay(self, source: Row, here: Row | None) -> Row:
        """Pay as the model had it in that very month, if he had the same employer: raises come when all have theirs."""
        employer = self.roll.first("employer_id", "employer")
        if here is None or not employer or here[employer] != source[employer]:
            return {}
        return {name: here[name] for name in self.roll.having("money")}

    @cached_property
    def _streets(self) -> Streets:
        return Streets(self.roll)

    @cached_property
    def _jobs(self) -> Jobs:
        return Jobs(self.roll)

    @cached_property
    def _meanings(self) -> dict[str, str]:
        return {column.name: column.meaning for column in self.roll.manifest.columns}

    @cached_property
    def _periods(self) -> dict[Any, int]:
        values = pc.unique(self.roll.rows.column(self.roll.first("period"))).drop_null()
        return {value: at for at, value in enumerate(sorted(values.to_pylist()))}

    @cached_property
    def _cache(self) -> dict[str, Any]:
        return {}

    def _texts(self, name: str) -> pa.Array:
        return self._cache.setdefault(f"texts {name}", self.roll.texts(name))

    def _counts(self, name: str) -> dict[str, int]:
        if f"counts {name}" not in self._cache:
            counts = pc.value_counts(self._texts(name))
            self._cache[f"counts {name}"] = dict(
                zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
            )
        found: dict[str, int] = self._cache[f"counts {name}"]
        return found

    def _frequent(self, name: str) -> dict[Decimal, int]:
        """Amounts that at least 20 rows and one in 2,000 have, ascending, with how many have them."""
        least, key = max(20, self.roll.rows.num_rows // 2000), f"frequent {name}"
        if key not in self._cache:
            common = {text: count for text, count in self._counts(name).items() if text and count >= least}
            self._cache[key] = {Decimal(text): common[text] for text in sorted(common, key=Decimal)}
        found: dict[Decimal, int] = self._cache[key]
        return found


def model_names(rolls: Sequence[Roll], persons: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Given and family names of persons, from the first register that has them in two columns."""
    wanted = pa.array(persons, pa.string())
    for roll in rolls:
        given, family = roll.first("given_name"), roll.first("family_name")
        if given and family:
            mask = pc.is_in(roll.persons, value_set=wanted)
            arrays = (roll.persons, roll.texts(given), roll.texts(family))
            columns = [array.filter(mask).to_pylist() for array in arrays]
            return {person: (first or "", last or "") for person, first, last in zip(*columns, strict=True)}
    return {}


def _changed(draw: Draw, value: str, known: Mapping[str, int]) -> str:
    """The value with other digits, until nobody has it."""
    made = value
    for attempt in range(_TRIES):
        if attempt < _TRIES // 2:
            made = re.sub(r"\d", lambda _: str(draw.below(10)), value)
        else:
            # Every number with these letters is taken (plates are issued in sequence): other letters too.
            made = re.sub(r"[0-9A-Z]", lambda m: _like(draw, m.group()), value)
        if made not in known:
            break
    return made


def _like(draw: Draw, letter: str) -> str:
    return str(draw.below(10)) if letter.isdigit() else "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[draw.below(26)]


def _iban(text: str) -> str:
    """The IBAN with the check digits that belong to it (ISO 13616).

    >>> _iban("GB00WEST12345698765432")
    'GB82WEST12345698765432'
    """
    plain = re.sub(r"\s", "", text)
    turned = "".join(str(int(c, 36)) for c in plain[4:] + plain[:2] + "00")
    return f"{plain[:2]}{98 - int(turned) % 97:02}{plain[4:]}"


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def _as(day: date, like: Any) -> Any:
    """A day in the type, and for text in the writing, of another."""
    if isinstance(like, datetime):
        return like.replace(year=day.year, month=day.month, day=day.day)
    if isinstance(like, date):
        return day
    turned = re.fullmatch(r"\d{1,2}([./-])\d{1,2}[./-]\d{4}", str(like))
    return day.strftime(f"%d{turned[1]}%m{turned[1]}%Y") if turned else day.isoformat() + str(like)[10:]
