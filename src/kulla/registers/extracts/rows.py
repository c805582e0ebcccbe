"""A decoy's rows in one register. Pure.

No single person is copied. Of its **model** a decoy has the registers in which it stands, its place in the household,
its municipality and, in the register of addresses, all codes. The rows of other registers are those of **donors** of
about its age: where employers stand, of somebody in the position that `jobs` chose, at the employer that it chose;
elsewhere of somebody with as many rows. Names, id, phone, birth date, address are the decoy's own; money is the
donor's, moved by a few per cent and rounded as it was, or left where many persons have that amount (a pay grade, the
minimum wage); dates move by weeks; plates, IBANs and numbers that only one row has are changed until nobody has them.
Where rows are entries over time (a declaration for each month), hirings, raises and leavings come a few months earlier
or later than the donor's.

What the state of the register decides (employer, donor, address, plates) is *settled* when a pool grows, and kept:
decided anew for a later copy it would come out otherwise, and nobody's past changes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from kulla.registers.decoys.draw import Draw
from kulla.registers.decoys.names import bare, new_phone, phone_key, whole_name
from kulla.registers.decoys.persons import Decoy
from kulla.registers.decoys.roll import Roll
from kulla.registers.extracts.donors import Donors
from kulla.registers.extracts.jobs import Jobs
from kulla.registers.extracts.pay import Pay
from kulla.registers.extracts.plates import Plates
from kulla.registers.extracts.streets import Streets
from kulla.registers.extracts.towns import Towns
from kulla.registers.extracts.values import as_day, changed, day_of, iban, single
from kulla.registers.manifest import Meaning

Row = dict[str, Any]
Fixed = dict[str, str]

_WEEKS: Final = 26
_MONTHS: Final = 4
_TRIES: Final = 200
_DONOR: Final = "donor"
_PLAIN: Final = "plain"
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True)
class Maker:
    """Makes the rows of decoys in one register.

    Attributes:
        key: the decoys' key.
        models: the models' rows in this register, by person.
        names: the models' given and family names, by person, where some register tells them.
        chosen: the rows among which donors and employers are looked for; None: all.
        taken: plates that decoys have.
    """

    key: bytes
    roll: Roll
    models: Mapping[str, Sequence[Row]]
    names: Mapping[str, tuple[str, str]]
    chosen: Roll | None = None
    taken: set[str] = field(default_factory=set)
    _cache: dict[str, Any] = field(default_factory=dict)

    def table(self, decoys: Sequence[Decoy]) -> pa.Table:
        """Their rows, in the register's own schema. A decoy whose model is not in the register has none."""
        mates: dict[tuple[str, int], list[Decoy]] = {}
        for decoy in decoys:
            mates.setdefault((decoy.pool, decoy.home), []).append(decoy)
        fixed = {decoy.id: self._fixed(decoy) for decoy in decoys if decoy.model in self.models}
        donors = {each[_DONOR] for each in fixed.values() if _DONOR in each} - self.models.keys()
        self._cache["donors"] = self.roll.of(sorted(donors)) if donors else {}
        rows = [row for decoy in decoys if decoy.id in fixed
                for row in self._rows(decoy, mates[decoy.pool, decoy.home], fixed[decoy.id])]  # fmt: skip
        return pa.Table.from_pylist(rows, schema=self.roll.rows.schema)

    def settled(self, decoy: Decoy) -> tuple[tuple[str, str, str], ...]:
        """What the state of the register decides, as (register, what, text); for `Decoy.fixed`."""
        if decoy.model not in self.models:
            return ()
        return tuple((self.roll.name, what, text) for what, text in sorted(self._settled(decoy).items()))

    def _fixed(self, decoy: Decoy) -> Fixed:
        kept = {what: text for register, what, text in decoy.fixed if register == self.roll.name}
        return kept or self._settled(decoy)

    def _settled(self, decoy: Decoy) -> Fixed:
        model, fixed = self.models[decoy.model], self._donor(decoy)
        draw = Draw(self.key, decoy.id, "writing")
        plain: bool = draw.pick(self._writings or [False])
        fixed[_PLAIN] = "yes" if plain else ""
        for column, meaning in self._meanings.items():
            if column == self.roll.first("address") and (like := model[0].get(column)) is not None:
                town = self._town(decoy)
                label = Draw(self.key, decoy.pool, decoy.home, "address", str(like))
                fixed[column] = self._streets.address(label, town, str(like))
            elif meaning == "given_name" and column != self.roll.first("given_name"):
                fixed[column] = self._stranger(decoy, column, str(model[0].get(column)))
        rows = self._source(decoy, fixed)
        self._settle_numbers(decoy, rows, fixed)
        return fixed

    def _donor(self, decoy: Decoy) -> Fixed:
        """Whose rows these are like, and at which employer, as what."""
        if self.roll.first("address"):
            return {}
        model, born = self.models[decoy.model], (decoy.born - _EPOCH).days
        job = self._jobs.job(Draw(self.key, decoy.id, "job"), self._town(decoy), born, decoy.model)
        if job is not None:
            return {**job.columns, _DONOR: job.donor}
        return {_DONOR: self._donors.any(Draw(self.key, decoy.id, "donor"), len(model), born, decoy.model)}

    def _settle_numbers(self, decoy: Decoy, rows: Sequence[Row], fixed: Fixed) -> None:
        """Plates that nobody has, and the numbers that a phone had before: for each that the donor had."""
        plate, phone = self.roll.first("plate"), self.roll.first("phone")
        for place, value in enumerate(_distinct(rows, plate)):
            # Persons A and B of a slot share plates: no copy holds both, and free plates may be few.
            draw = Draw(self.key, decoy.pool, decoy.slot, plate, place)
            slot = f"plate {decoy.pool} {decoy.slot} {place}"
            if slot not in self._cache:
                found = self._plates.near(draw, str(value), self.taken)
                if not found and (found is None or plate not in self.roll.manifest.record):
                    found = changed(draw, str(value), self._counts(plate))
                self._cache[slot] = found
                self.taken.add(self._cache[slot])
            fixed[f"{plate} {place}"] = self._cache[slot]
        for place, value in enumerate(_distinct(rows, phone)[1:], 1):
            if decoy.phone:
                draw = Draw(self.key, decoy.id, "phone", place)
                fixed[f"{phone} {place}"] = new_phone(draw, str(value), self._phones) or decoy.phone

    def _source(self, decoy: Decoy, fixed: Fixed) -> list[Row]:
        """The donor's rows, at the decoy's employer, in its model's towns."""
        model, donor = self.models[decoy.model], fixed.get(_DONOR, decoy.model)
        found = self.models.get(donor) or self._cache.get("donors", {}).get(donor) or self.roll.of([donor]).get(donor)
        rows = sorted((dict(row) for row in found or model), key=lambda row: str(row.get(self._period)))
        self._employ(rows, fixed)
        if donor != decoy.model:
            self._house(rows, model)
        self._move(decoy, rows)
        return rows

    def _employ(self, rows: Sequence[Row], fixed: Fixed) -> None:
        """Put the decoy's job in the place of the donor's last one; no job stays at an employer that is too small."""
        jobs = self._jobs
        if not rows or not jobs.columns or jobs.columns[0] not in fixed:
            return
        new = {name: self._typed(name, fixed[name]) for name in (*jobs.columns, *jobs.codes) if name in fixed}
        first, last = jobs.columns[0], dict(rows[-1])
        for row in rows:
            same = row[first] == last[first]
            if same and all(row[name] == last[name] for name in jobs.codes):
                row.update(new)
            elif same or str(row[first]) not in jobs.large:
                row.update({name: new[name] for name in jobs.columns})

    def _house(self, rows: Sequence[Row], model: Sequence[Row]) -> None:
        """Put the towns in which the model lived in the place of the donor's."""
        town, period = self.roll.first("municipality"), self._period
        if not town:
            return
        latest = max(model, key=lambda row: str(row.get(period)))[town]
        at = {row[period]: row[town] for row in model} if period else {}
        for number, row in enumerate(rows):
            row[town] = at.get(row[period], latest) if period else model[min(number, len(model) - 1)][town]

    def _town(self, decoy: Decoy) -> str:
        """The decoy's town as the register knows it: its own, else its model's."""
        town = self.roll.first("municipality")
        if decoy.town and self._towns.known(decoy.town):
            return decoy.town
        return (
            str(max(self.models[decoy.model], key=lambda row: str(row.get(self._period)))[town] or "") if town else ""
        )

    def _move(self, decoy: Decoy, rows: Sequence[Row]) -> None:
        """Put the decoy's town, and the codes that follow it, in the place of its model's."""
        town, new = self.roll.first("municipality"), self._town(decoy)
        if not town or not rows or rows[-1][town] == new:
            return
        old, codes = rows[-1][town], self._towns.codes(Draw(self.key, decoy.id, "codes of town"), new)
        for row in rows:
            if row[town] == old:
                row.update({town: new, **{name: code for name, code in codes.items() if row[name] is not None}})

    def _rows(self, decoy: Decoy, mates: Sequence[Decoy], fixed: Fixed) -> list[Row]:
        source = self._source(decoy, fixed)
        numbered = {
            column: {value: fixed.get(f"{column} {place}") for place, value in enumerate(_distinct(source, column))}
            for column in (self.roll.first("plate"), self.roll.first("phone")) if column
        }  # fmt: skip
        lacking = {value for values in numbered.values() for value, text in values.items() if text == ""}
        source = [row for row in source if not lacking.intersection(row[column] for column in numbered)]
        money = {name: pay.moved(Draw(self.key, decoy.id, name), [row[name] for row in source])
                 for name, pay in self._pay.items()}  # fmt: skip
        making = _Making(decoy, mates, fixed, numbered, money)
        return [{name: None if value is None else self._cell(making, name, row, number) for name, value in row.items()}
                for number, row in enumerate(self._moved(decoy, source))]  # fmt: skip

    def _cell(self, making: _Making, name: str, row: Row, number: int) -> Any:
        decoy, value = making.decoy, row[name]
        if name == self.roll.person:
            return decoy.id
        if found := making.numbered.get(name, {}).get(value):
            return found
        match meaning := self._meanings.get(name, "other"):
            case "name" | "given_name" | "family_name":
                return self._name(making, name, str(value))
            case "phone":
                return decoy.phone or None
            case "birth_date":
                return as_day(decoy.born, value)
            case "money":
                return making.money[name].get(value, value)
            case "date":
                return self._date(making, name, row)
            case "address":
                return making.fixed.get(name, value)
            case "email":
                return f"{decoy.given}.{decoy.family}".casefold().replace(" ", "") + "@" + str(value).partition("@")[2]
            case "national_id":
                return None
            case "plate" | "iban" | "code" | "other":
                return self._single(decoy, meaning, name, value, number)
        return value

    def _name(self, making: _Making, name: str, value: str) -> str:
        """The decoy's own name, or that of a relative (a father's): of the household where the model's was."""
        decoy = making.decoy
        own, model = self.names.get(decoy.model, ("", "")), self.models[decoy.model][0]
        if name == self.roll.first("name"):
            made = whole_name(decoy.given, decoy.family, (str(model[name] or value), *own))
            return bare(made) if making.fixed.get(_PLAIN) and "".join(own).isascii() else made
        if name in (self.roll.first("given_name"), self.roll.first("family_name")):
            mine = decoy.given if name == self.roll.first("given_name") else decoy.family
            return mine.upper() if value.isupper() and len(value) > 1 else mine
        for mate in making.mates:
            if mate.id != decoy.id and self.names.get(mate.model, ("", ""))[0] == value:
                return mate.given
        return making.fixed.get(name) or self._stranger(decoy, name, value)

    def _stranger(self, decoy: Decoy, name: str, value: str) -> str:
        """Children of one household whose father is not in it share another's."""
        column, draw = self._texts(name), Draw(self.key, decoy.pool, decoy.home, name, value)
        return next((text for _ in range(_TRIES) if (text := column[draw.below(len(column))].as_py())), value)

    def _date(self, making: _Making, name: str, row: Row) -> Any:
        value, draw = row[name], Draw(self.key, making.decoy.id, name)
        day, shift = day_of(value), 7 * draw.pick([*range(-_WEEKS, 0), *range(1, _WEEKS + 1)])
        if day is None:
            return value
        plate = self.roll.first("plate")
        if plate and name == self.roll.first("date") and (new := making.numbered[plate].get(row[plate])):
            return as_day(self._plates.dated(draw, new, str(row[plate]), day, shift), value)
        latest = self._latest(name)
        there = day + timedelta(shift)
        return as_day(there if latest is None or there <= latest else day - timedelta(abs(shift)), value)

    def _latest(self, name: str) -> date | None:
        if f"latest {name}" not in self._cache:
            days = [day for text in pc.unique(self.roll.rows.column(name)).to_pylist() if (day := day_of(text))]
            self._cache[f"latest {name}"] = max(days, default=None)
        found: date | None = self._cache[f"latest {name}"]
        return found

    def _single(self, decoy: Decoy, meaning: str, name: str, value: Any, number: int) -> Any:
        """A value that one row alone has (a contract's number) is changed; others are kept."""
        if not single(value):
            return value
        known = self._counts(name)
        if meaning not in ("plate", "iban") and known.get(value, 0) > 1:
            return value
        made = changed(Draw(self.key, decoy.id, name, number), value, known)
        return iban(made) if meaning == "iban" else made

    def _moved(self, decoy: Decoy, rows: list[Row]) -> list[Row]:
        """The rows over time, with changes coming some months earlier or later; never beyond what was declared."""
        period = self._period
        if not period or period not in self.roll.manifest.entry or not rows:
            return rows
        places = self._periods
        own = {places[row[period]]: row for row in rows}
        if len(own) != len(rows):
            return rows  # several entries in one month: two employers at once
        first, last, end = min(own), max(own), len(places) - 1
        shift = Draw(self.key, decoy.id, "months").pick([m for m in range(-_MONTHS, _MONTHS + 1) if m])
        if (first and not 0 < first + shift <= end) or (last != end and not 0 <= last + shift < end):
            shift = -shift
        start = first if first == 0 else min(max(first + shift, 1), end)
        stop = last if last == end else min(max(last + shift, start), end - 1)
        names = list(places)
        made = []
        for at in range(start, stop + 1):
            source = own.get(min(max(at - shift, first), last))
            if source is not None:
                made.append({**source, **self._there(own.get(at), source), period: names[at]})
        return made or rows

    def _there(self, here: Row | None, source: Row) -> Row:
        """The town, and at the same employer the pay, of that very month: raises come when all have theirs."""
        if here is None:
            return {}
        same = all(here[name] == source[name] for name in self._jobs.columns[:1])
        names = [*self.roll.having("municipality"), *(self.roll.having("money") if same else ())]
        return {name: here[name] for name in names}

    @cached_property
    def _writings(self) -> list[bool]:
        """Of models whose names have diacritics, whether this register writes them without."""
        full = self.roll.full_name
        if not full:
            return []
        told = ((each, "".join(self.names.get(each, ("", "")))) for each in sorted(self.models))
        return [str(self.models[each][0][full]).isascii() for each, own in told if own and not own.isascii()]

    def _typed(self, name: str, text: str) -> Any:
        kind = self.roll.rows.schema.field(name).type
        return None if not text else text if kind == pa.string() else pa.scalar(text).cast(kind).as_py()

    @cached_property
    def _pay(self) -> dict[str, Pay]:
        return {name: Pay(self.roll, name) for name in self.roll.having("money")}

    @cached_property
    def _streets(self) -> Streets:
        return Streets(self.roll)

    @cached_property
    def _towns(self) -> Towns:
        return Towns(self.roll)

    @cached_property
    def _jobs(self) -> Jobs:
        return Jobs(self.chosen or self.roll, self.roll)

    @cached_property
    def _donors(self) -> Donors:
        return Donors(self.chosen or self.roll)

    @cached_property
    def _plates(self) -> Plates:
        dated = self.roll.first("date")
        dates = (
            self.roll.rows.column(dated)
            if dated and pa.types.is_date(self.roll.rows.schema.field(dated).type)
            else None
        )
        return Plates(self._texts(self.roll.first("plate")).to_pylist(), dates, self.roll.held)

    @cached_property
    def _phones(self) -> set[str]:
        return {phone_key(text) for text in pc.unique(self._texts(self.roll.first("phone"))).to_pylist() if text}

    @cached_property
    def _meanings(self) -> dict[str, Meaning]:
        return {column.name: column.meaning for column in self.roll.manifest.columns}

    @property
    def _period(self) -> str:
        return self.roll.first("period")

    @cached_property
    def _periods(self) -> dict[Any, int]:
        values = pc.unique(self.roll.rows.column(self._period)).drop_null()
        return {value: at for at, value in enumerate(sorted(values.to_pylist()))}

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


@dataclass(frozen=True, slots=True)
class _Making:
    """One decoy in the making: who is with it, what is settled, donors' plates and phones and what stands for them."""

    decoy: Decoy
    mates: Sequence[Decoy]
    fixed: Fixed
    numbered: Mapping[str, Mapping[Any, str | None]]
    money: Mapping[str, Mapping[Any, Any]]


def _distinct(rows: Sequence[Row], column: str) -> list[Any]:
    """The values of a column, latest first, each once."""
    return list(dict.fromkeys(row[column] for row in reversed(rows) if row[column] is not None)) if column else []
