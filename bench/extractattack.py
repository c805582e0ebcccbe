"""Whoever knows how decoys are made tries to tell them from persons: features of persons over one recipient's copies.

The attacker has the recipient's copies of all registers, joins them, knows the schema, how ids are issued, and this
program; he makes copies of his own with keys of his own to learn from (there he knows the decoys), and then looks for
the decoys of a key that he does not have.

    kulla exercise make DIR --persons 12000 --months 12 --seed 1 --profile steady
    python -m bench.extractattack DIR/owner --keys 6
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kulla.registers.desk import extracts as desk
from kulla.registers.extracts import pools, table
from kulla.registers.extracts.sealed import Pools
from kulla.registers.folder import OwnerFolder
from kulla.registers.nationalid import birth_date

Row = dict[str, Any]
Floats = npt.NDArray[np.float64]


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
        everyone = {*self.civil, *self.payroll, *self.cars}
        self.days: dict[str, list[int]] = defaultdict(list)
        for each in everyone:
            self.days[each[:6]].append(int(each[6:9]))
        for serials in self.days.values():
            serials.sort()
        self.count = self._counts()
        pay = defaultdict(list)
        for rows in self.payroll.values():
            pay[rows[-1]["position"]].append(float(rows[-1]["gross_salary"]))
        self.usual = {position: (float(np.mean(values)), float(np.std(values)) + 1) for position, values in pay.items()}

    def _counts(self) -> dict[str, Counter[Any]]:
        count: dict[str, Counter[Any]] = defaultdict(Counter)
        homes = defaultdict(list)
        for row in self.civil.values():
            count["given"][row["given_name"]] += 1
            count["family"][row["family_name"]] += 1
            count["father"][row["father_name"]] += 1
            count["pair"][row["given_name"], row["family_name"]] += 1
            count["triple"][row["given_name"], row["family_name"], row["father_name"]] += 1
            count["born"][row["birth_date"]] += 1
            count["street"][row["municipality"], row["address"].rpartition(" ")[0]] += 1
            count["family here"][row["family_name"], row["municipality"]] += 1
            homes[row["address"], row["municipality"]].append(row)
        self.homes = homes
        for rows in self.payroll.values():
            last, first = rows[-1], rows[0]
            count["employer"][last["employer_id"]] += 1
            count["job"][last["employer_id"], last["position"]] += 1
            count["there"][last["employer_id"], last["municipality"]] += 1
            count["start"][last["employer_id"], last["position"], first["period"]] += 1
            count["span"][last["employer_id"], first["period"], last["period"]] += 1
            count["raises"][last["employer_id"], _raises(rows)] += 1
            count["amount"][last["gross_salary"]] += 1
            count["path"][tuple(row["gross_salary"] for row in rows)] += 1
            for phone in {row["phone"] for row in rows}:
                count["phone"][phone] += 1
                count["prefix"][str(phone)[:6]] += 1
        for cars in self.cars.values():
            for car in cars:
                count["model"][car["make"], car["model"]] += 1
        return count


def _raises(rows: Sequence[Row]) -> tuple[str, ...]:
    pairs = pairwise(rows)
    return tuple(str(after["period"]) for before, after in pairs if before["gross_salary"] != after["gross_salary"])


def features(joined: Joined, persons: Sequence[str]) -> Floats:
    """(persons, features), -1 for what a person has not."""
    parts: tuple[Callable[[Joined, str], list[float]], ...] = (_of_id, _of_civil, _of_payroll, _of_joins)
    return np.array([[value for part in parts for value in part(joined, each)] for each in persons], float)


def _of_id(joined: Joined, each: str) -> list[float]:
    serials, serial = joined.days[each[:6]], int(each[6:9])
    at = serials.index(serial)
    below = serial - serials[at - 1] if at else -1
    above = serials[at + 1] - serial if at + 1 < len(serials) else -1
    born = birth_date(each)
    steps = {b - a for a, b in pairwise(serials)}
    return [serial, at, len(serials), below, above, serial % 10, len(steps), float(born.toordinal() if born else 0),
            float(born.weekday() if born else -1), float(born.day if born else -1)]  # fmt: skip


def _of_civil(joined: Joined, each: str) -> list[float]:
    row = joined.civil.get(each)
    if row is None:
        return [-1.0] * 19
    count = joined.count
    home = joined.homes[row["address"], row["municipality"]]
    mates = [mate for mate in home if mate["nid"] != each]
    ages = sorted(abs((mate["birth_date"] - row["birth_date"]).days) for mate in mates)
    number = row["address"].rpartition(" ")[2]
    return [
        count["given"][row["given_name"]], count["family"][row["family_name"]], count["father"][row["father_name"]],
        count["pair"][row["given_name"], row["family_name"]],
        count["triple"][row["given_name"], row["family_name"], row["father_name"]], count["born"][row["birth_date"]],
        count["street"][row["municipality"], row["address"].rpartition(" ")[0]],
        count["family here"][row["family_name"], row["municipality"]], len(mates),
        sum(mate["family_name"] == row["family_name"] for mate in mates),
        sum(mate["given_name"] == row["father_name"] for mate in mates),
        sum(mate["father_name"] == row["given_name"] for mate in mates),
        sum(mate["father_name"] == row["father_name"] for mate in mates),
        ages[0] if ages else -1, ages[-1] if ages else -1, float(number) if number.isdigit() else -1,
        float(row["birth_date"] == birth_date(each)), float(row["given_name"].isascii()),
        float(row["family_name"].isascii()),
    ]  # fmt: skip


def _of_payroll(joined: Joined, each: str) -> list[float]:
    rows = joined.payroll.get(each)
    if not rows:
        return [-1.0] * 23
    count, last, first = joined.count, rows[-1], rows[0]
    pay = [float(row["gross_salary"]) for row in rows]
    mean, spread = joined.usual[last["position"]]
    steps = [after / before - 1 for before, after in pairwise(pay) if before and after != before]
    phone = str(last["phone"] or "")
    cents = round(pay[-1] * 100)
    zeros = len(str(cents)) - len(str(cents).rstrip("0"))
    return [
        count["employer"][last["employer_id"]], count["job"][last["employer_id"], last["position"]],
        count["there"][last["employer_id"], last["municipality"]],
        count["start"][last["employer_id"], last["position"], first["period"]],
        count["span"][last["employer_id"], first["period"], last["period"]],
        count["raises"][last["employer_id"], _raises(rows)], count["amount"][last["gross_salary"]],
        count["path"][tuple(row["gross_salary"] for row in rows)], len(rows), len({row["employer_id"] for row in rows}),
        len({row["position"] for row in rows}), len({row["municipality"] for row in rows}), pay[-1], pay[0],
        (pay[-1] - mean) / spread, zeros, len(steps), max(steps, default=0.0), min(steps, default=0.0),
        float(last["phone"] is not None), count["phone"][last["phone"]], count["prefix"][phone[:6]],
        float(str(last["full_name"]).isascii()),
    ]  # fmt: skip


def _of_joins(joined: Joined, each: str) -> list[float]:
    civil, rows, cars = joined.civil.get(each), joined.payroll.get(each), joined.cars.get(each, [])
    whole = f"{civil['given_name']} {civil['family_name']}" if civil else ""
    mates = joined.homes[civil["address"], civil["municipality"]] if civil else []
    return [
        float(civil is not None), float(rows is not None), len(cars),
        float(bool(civil and rows and civil["municipality"] == rows[-1]["municipality"])),
        float(bool(civil and rows and whole == rows[-1]["full_name"])),
        float(bool(civil and cars and civil["municipality"] == cars[0]["municipality"])),
        float(bool(civil and cars and whole == cars[0]["owner_name"])),
        sum(mate["nid"] in joined.payroll for mate in mates), sum(mate["nid"] in joined.cars for mate in mates),
        joined.count["model"][cars[0]["make"], cars[0]["model"]] if cars else -1,
    ]  # fmt: skip


def auc(train: Sequence[tuple[Floats, npt.NDArray[np.bool_]]], test: Sequence[tuple[Floats, npt.NDArray[np.bool_]]],
        trees: int = 150) -> dict[str, float]:  # fmt: skip
    """The area under the ROC curve of two classifiers on copies of keys they have not learnt from: mean over copies."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import QuantileTransformer  # type: ignore[import-untyped]

    x, y = np.vstack([each for each, _ in train]), np.concatenate([each for _, each in train])
    found = {}
    for name, model in (
        ("gradient boosting", HistGradientBoostingClassifier(max_iter=trees, learning_rate=0.05, max_leaf_nodes=15,
                                                             class_weight="balanced", random_state=0)),
        ("logistic regression", make_pipeline(QuantileTransformer(n_quantiles=200, random_state=0),
                                              LogisticRegression(C=0.1, class_weight="balanced", max_iter=300))),
    ):  # fmt: skip
        model.fit(x, y)
        found[name] = float(np.mean([roc_auc_score(labels, model.predict_proba(each)[:, 1]) for each, labels in test]))
    return found


def single(data: Sequence[tuple[Floats, npt.NDArray[np.bool_]]]) -> list[float]:
    """The area for each feature by itself, at least 0.5: which one tells most."""
    from sklearn.metrics import roc_auc_score

    x, y = np.vstack([each for each, _ in data]), np.concatenate([each for _, each in data])
    areas = [float(roc_auc_score(y, x[:, at])) for at in range(x.shape[1])]
    return [max(area, 1 - area) for area in areas]


def copies(owner: OwnerFolder, key: bytes, slots: int = 128) -> tuple[Joined, set[str]]:
    """One recipient's copies of all registers, made with a key, joined; and the ids of the decoys in them."""
    now = datetime.now(UTC)
    rolls = desk._rolls(owner, now)
    needs = [pools.Need(roll, (), slots) for roll in rolls]
    grown = pools.grown(key, Pools(), pools.COMMON, pools.country(rolls, [], Pools()), needs)
    number = int.from_bytes(key[:8], "little") * 0x9E3779B97F4A7C15 % 2**64
    decoys = pools.chosen(key, grown, number, {pools.COMMON: grown.slots(pools.COMMON)})
    made = {roll.name: table.marked(roll, table.decoy_rows(key, roll, rolls, decoys, ()), roll.rows.column_names, ())
            for roll in rolls}  # fmt: skip
    return Joined(made), {decoy.id for decoy in decoys}


def main() -> None:
    """Attack the payroll or the civil register's copy of an exercise, and print the areas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("owner", type=Path, help="the owner's folder of an exercise")
    parser.add_argument("--register", choices=("civil", "payroll"), default="payroll")
    parser.add_argument("--keys", type=int, default=6, help="two thirds are learnt from")
    options = parser.parse_args()
    data = []
    for number in range(1, options.keys + 1):
        joined, ids = copies(OwnerFolder(options.owner), bytes([number]) * 32)
        persons = sorted(joined.payroll if options.register == "payroll" else joined.civil)
        data.append((features(joined, persons), np.array([each in ids for each in persons])))
    split = max(options.keys * 2 // 3, 1)
    for name, area in auc(data[:split], data[split:]).items():
        print(f"{name}: {area:.3f}")
    print(f"the most telling single sign: {max(single(data)):.3f}")


if __name__ == "__main__":
    main()
