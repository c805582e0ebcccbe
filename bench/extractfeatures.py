"""What an attacker computes of each person over one recipient's copies, to tell decoys from persons.

He knows the registers' schema, how ids, plates and phones are issued, and how this program makes decoys: so he also
looks for twins (persons, households, pay, cars that are too much alike), and for how crowded each group is that a
person belongs to. Of plates he gets the place among all in twentieths only: by the exact place a classifier that learns
from copies of the same register would remember which numbers the register lacks, and who has the register needs none.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.registers.nationalid import birth_date

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]
Facts = dict[str, float]


class Joined:
    """The copies joined by person, with the counts that features look up."""

    def __init__(self, copies: Mapping[str, pa.Table]) -> None:
        self.civil = {row["nid"]: row for row in copies["civil"].to_pylist()}
        self.payroll: dict[str, list[Row]] = defaultdict(list)
        for row in copies["payroll"].to_pylist():
            self.payroll[row["nid"]].append(row)
        for rows in self.payroll.values():
            rows.sort(key=lambda row: str(row["period"]))
        self.cars: dict[str, list[Row]] = defaultdict(list)
        for row in copies["vehicle"].to_pylist():
            self.cars[row["nid"]].append(row)
        self.days: dict[str, list[int]] = defaultdict(list)
        for each in {*self.civil, *self.payroll, *self.cars}:
            self.days[each[:6]].append(int(each[6:9]))
        for serials in self.days.values():
            serials.sort()
        self.homes: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.civil.values():
            self.homes[row["address"], row["municipality"]].append(row)
        self.shapes = {home: _shape(mates) for home, mates in self.homes.items()}
        self.alike: dict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
        for (_, town), (sexes, ages) in self.shapes.items():
            self.alike[town, sexes].append(ages)
            self.alike[sexes,].append(tuple(age - ages[0] for age in ages))
        self.count: dict[str, Counter[Any]] = defaultdict(Counter)
        self._count_civil()
        self._count_payroll()
        self._count_cars()

    def _count_civil(self) -> None:
        count = self.count
        for row in self.civil.values():
            town, street, building = row["municipality"], *_address(row["address"])
            for name, value in (
                ("given", row["given_name"]), ("family", row["family_name"]), ("father", row["father_name"]),
                ("pair", (row["given_name"], row["family_name"])), ("born", row["birth_date"]),
                ("triple", (row["given_name"], row["family_name"], row["father_name"])), ("street", (town, street)),
                ("building", (town, building)), ("family here", (row["family_name"], town)),
                ("twin", (row["given_name"], row["birth_date"])),
            ):  # fmt: skip
                count[name][value] += 1

    def _count_payroll(self) -> None:
        count, pay = self.count, defaultdict(list)
        for rows in self.payroll.values():
            last, first = rows[-1], rows[0]
            for name, value in (
                ("employer", last["employer_id"]), ("job", (last["employer_id"], last["position"])),
                ("there", (last["employer_id"], last["municipality"])), ("amount", last["gross_salary"]),
                ("start", (last["employer_id"], last["position"], first["period"])), ("position", last["position"]),
                ("span", (last["employer_id"], first["period"], last["period"])),
                ("raises", (last["employer_id"], _raises(rows))),
                ("path", tuple(row["gross_salary"] for row in rows)), ("twin raises", _twin(rows)),
                ("same pay", (last["employer_id"], last["position"], last["gross_salary"])),
            ):  # fmt: skip
                count[name][value] += 1
            for phone in {row["phone"] for row in rows}:
                count["phone"][phone] += 1
                count["prefix"][str(phone)[:6]] += 1
            pay[last["position"]].append(float(last["gross_salary"]))
        self.usual = {position: (float(np.mean(values)), float(np.std(values)) + 1) for position, values in pay.items()}
        self.numbers = sorted(int(p[-8:]) for p in count["phone"] if p)

    def _count_cars(self) -> None:
        self.plates = sorted((_plate(car["plate"]), car["first_registration"].toordinal())
                             for cars in self.cars.values() for car in cars)  # fmt: skip
        self.places = [place for place, _ in self.plates]
        self.dated: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.dated_here: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for cars in self.cars.values():
            for car in cars:
                day = car["first_registration"].toordinal()
                self.dated[car["make"], car["model"]].append(day)
                self.dated_here[car["make"], car["model"], car["municipality"]].append(day)
        for days in (*self.dated.values(), *self.dated_here.values()):
            days.sort()


def _shape(mates: Sequence[Row]) -> tuple[str, tuple[int, ...]]:
    order = sorted(mates, key=lambda mate: mate["birth_date"])
    return "".join(mate["sex"] for mate in order), tuple(mate["birth_date"].toordinal() for mate in order)


def _address(text: str) -> tuple[str, str]:
    """Street, and building."""
    street = text.partition(",")[0]
    return street, text.rpartition(" ")[0]


def _raises(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(str(after["period"]) for before, after in pairwise(rows)
                 if before["gross_salary"] != after["gross_salary"])  # fmt: skip


def _twin(rows: Sequence[Row]) -> tuple[Any, ...]:
    """Position and the raises' sizes: who has another's moved pay has these in common with him."""
    steps = (float(after["gross_salary"] / before["gross_salary"]) for before, after in pairwise(rows))
    return rows[-1]["position"], tuple(round(step, 2) for step in steps if step != 1)


def _plate(text: str) -> int:
    """Its place in the order of issue: AA 001 AA …, the letters first."""
    number = 0
    for letter in text[:2] + text[-2:]:
        number = number * 26 + ord(letter) - 65
    return number * 1000 + int(text[3:6])


def facts(joined: Joined, each: str) -> Facts:
    """What the attacker computes of one person; -1 for what he has not."""
    parts: tuple[Callable[[Joined, str], Facts], ...] = (_of_id, _of_civil, _of_home, _of_payroll, _of_cars, _of_joins)
    return {name: value for part in parts for name, value in part(joined, each).items()}


def names(joined: Joined) -> list[str]:
    """The features' names, in their order."""
    whole = next(each for each in joined.payroll if each in joined.civil and each in joined.cars)
    return list(facts(joined, whole))


def features(joined: Joined, persons: Sequence[str]) -> Floats:
    """(persons, features), -1 for what a person has not."""
    columns = names(joined)
    found = (facts(joined, each) for each in persons)
    return np.array([[one.get(name, -1.0) for name in columns] for one in found], float)


def _of_id(joined: Joined, each: str) -> Facts:
    serials, serial = joined.days[each[:6]], int(each[6:9])
    at, born = serials.index(serial), birth_date(each) or date(1900, 1, 1)
    return {
        "serial": serial, "serial place": at, "serials that day": len(serials),
        "serial below": serial - serials[at - 1] if at else -1,
        "serial above": serials[at + 1] - serial if at + 1 < len(serials) else -1, "serial end": serial % 10,
        "serial steps": len({b - a for a, b in pairwise(serials)}), "born": born.toordinal(),
        "born weekday": born.weekday(), "born day": born.day,
    }  # fmt: skip


def _of_civil(joined: Joined, each: str) -> Facts:
    row = joined.civil.get(each)
    if row is None:
        return {}
    count, town = joined.count, row["municipality"]
    street, building = _address(row["address"])
    number = row["address"].rpartition(" ")[2]
    return {
        "given": count["given"][row["given_name"]], "family": count["family"][row["family_name"]],
        "father": count["father"][row["father_name"]], "pair": count["pair"][row["given_name"], row["family_name"]],
        "triple": count["triple"][row["given_name"], row["family_name"], row["father_name"]],
        "born that day": count["born"][row["birth_date"]],
        "named and born so": count["twin"][row["given_name"], row["birth_date"]],
        "street": count["street"][town, street], "building": count["building"][town, building],
        "family here": count["family here"][row["family_name"], town],
        "number": float(number) if number.isdigit() else -1, "born as in id": row["birth_date"] == birth_date(each),
        "given ascii": row["given_name"].isascii(), "family ascii": row["family_name"].isascii(),
    }  # fmt: skip


def _of_home(joined: Joined, each: str) -> Facts:
    row = joined.civil.get(each)
    if row is None:
        return {}
    home = joined.homes[row["address"], row["municipality"]]
    mates = [mate for mate in home if mate["nid"] != each]
    ages = sorted(abs((mate["birth_date"] - row["birth_date"]).days) for mate in mates)
    sexes, born = joined.shapes[row["address"], row["municipality"]]
    gaps = tuple(age - born[0] for age in born)
    return {
        "mates": len(mates), "mates of family": sum(mate["family_name"] == row["family_name"] for mate in mates),
        "father at home": sum(mate["given_name"] == row["father_name"] for mate in mates),
        "father of mates": sum(mate["father_name"] == row["given_name"] for mate in mates),
        "father shared": sum(mate["father_name"] == row["father_name"] for mate in mates),
        "nearest age": ages[0] if ages else -1, "farthest age": ages[-1] if ages else -1,
        "place by age": sum(mate["birth_date"] < row["birth_date"] for mate in mates),
        "twin home in town": _nearest(born, joined.alike[row["municipality"], sexes]),
        "twin home": _nearest(gaps, joined.alike[sexes,]) if len(born) > 2 else -1,
    }  # fmt: skip


def _nearest(own: tuple[int, ...], others: Sequence[tuple[int, ...]]) -> float:
    """Of other households: how many days apart, at most, persons are of the one most alike."""
    if len(others) < 2:
        return -1.0
    apart = np.abs(np.array(others) - np.array(own)).max(axis=1)
    return float(np.partition(apart, 1)[1])  # the least is its own


def _of_payroll(joined: Joined, each: str) -> Facts:
    rows = joined.payroll.get(each)
    if not rows:
        return {}
    count, last, first = joined.count, rows[-1], rows[0]
    pay = [float(row["gross_salary"]) for row in rows]
    mean, spread = joined.usual[last["position"]]
    steps = [after / before - 1 for before, after in pairwise(pay) if before and after != before]
    phone, cents = str(last["phone"] or ""), round(pay[-1] * 100)
    number = int(phone[-8:] or 0)
    at = bisect_left(joined.numbers, number)
    return {
        "employer": count["employer"][last["employer_id"]], "job": count["job"][last["employer_id"], last["position"]],
        "there": count["there"][last["employer_id"], last["municipality"]],
        "start": count["start"][last["employer_id"], last["position"], first["period"]],
        "span": count["span"][last["employer_id"], first["period"], last["period"]],
        "raises": count["raises"][last["employer_id"], _raises(rows)], "amount": count["amount"][last["gross_salary"]],
        "path": count["path"][tuple(row["gross_salary"] for row in rows)],
        "position": count["position"][last["position"]],
        "same pay": count["same pay"][last["employer_id"], last["position"], last["gross_salary"]],
        "twin raises": count["twin raises"][_twin(rows)], "rows": len(rows), "first month": int(first["period"][-2:]),
        "months": len({row["period"] for row in rows}), "employers": len({row["employer_id"] for row in rows}),
        "positions": len({row["position"] for row in rows}), "towns": len({row["municipality"] for row in rows}),
        "pay": pay[-1], "first pay": pay[0], "least pay": min(pay), "unusual pay": (pay[-1] - mean) / spread,
        "zeros": len(str(cents)) - len(str(cents).rstrip("0")), "steps": len(steps),
        "greatest step": max(steps, default=0.0), "least step": min(steps, default=0.0),
        "has phone": last["phone"] is not None, "phone": count["phone"][last["phone"]],
        "phones": len({row["phone"] for row in rows}), "prefix": count["prefix"][phone[:6]],
        "phone below": number - joined.numbers[at - 1] if phone and at else -1,
        "phone above": joined.numbers[at + 1] - number if phone and at + 1 < len(joined.numbers) else -1,
        "paid ascii": str(last["full_name"]).isascii(),
    }  # fmt: skip


def _of_cars(joined: Joined, each: str) -> Facts:
    cars = joined.cars.get(each)
    if not cars:
        return {}
    car = max(cars, key=lambda car: _plate(car["plate"]))
    place, day = _plate(car["plate"]), car["first_registration"].toordinal()
    at = bisect_left(joined.places, place)
    before = max((d for _, d in joined.plates[max(at - 12, 0) : at]), default=day)
    after = max((d for _, d in joined.plates[at + 1 : at + 13]), default=day)
    kind = car["make"], car["model"]
    dated, here = joined.dated[kind], joined.dated_here[*kind, car["municipality"]]
    return {
        "plate": at * 20 // len(joined.places), "plate below": place - joined.places[at - 1] if at else -1,
        "plate above": joined.places[at + 1] - place if at + 1 < len(joined.places) else -1,
        "registered": day, "registered weekday": car["first_registration"].weekday(),
        "older than before": before - day, "older than after": after - day, "kind": len(dated),
        "twin car": bisect_right(dated, day + 25) - bisect_left(dated, day - 25),
        "twin car here": bisect_right(here, day + 200) - bisect_left(here, day - 200),
        "car ascii": str(car["owner_name"]).isascii(),
    }  # fmt: skip


def _of_joins(joined: Joined, each: str) -> Facts:
    civil, rows, cars = joined.civil.get(each), joined.payroll.get(each), joined.cars.get(each, [])
    whole = f"{civil['given_name']} {civil['family_name']}" if civil else ""
    mates = joined.homes[civil["address"], civil["municipality"]] if civil else []
    phones = {row["phone"] for mate in mates if mate["nid"] != each
              for row in joined.payroll.get(mate["nid"], ())} - {None}  # fmt: skip
    return {
        "registered at all": civil is not None, "paid": rows is not None, "cars": len(cars),
        "paid in town": bool(civil and rows and civil["municipality"] == rows[-1]["municipality"]),
        "paid under name": bool(civil and rows and whole == rows[-1]["full_name"]),
        "car in town": bool(civil and cars and civil["municipality"] == cars[0]["municipality"]),
        "car under name": bool(civil and cars and whole == cars[0]["owner_name"]),
        "mates paid": sum(mate["nid"] in joined.payroll for mate in mates),
        "mates with cars": sum(mate["nid"] in joined.cars for mate in mates),
        "phone of mate": bool(rows and any(row["phone"] in phones for row in rows)),
        "mates at employer": sum(
            bool(rows) and joined.payroll[mate["nid"]][-1]["employer_id"] == rows[-1]["employer_id"]
            for mate in mates if mate["nid"] in joined.payroll
        ) if rows else -1,
    }  # fmt: skip
