"""Whoever knows how decoys are made tries to tell them from persons: features of persons over one recipient's copies.

The attacker has the recipient's copies of all registers, joins them, knows the schema, how ids are issued, and this
program; he makes copies of his own with keys of his own to learn from (there he knows the decoys), and then looks for
the decoys of a key that he does not have.

    kulla exercise make DIR --persons 12000 --months 12 --seed 1 --profile steady
    python -m bench.extractattack DIR/owner --keys 6
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.extractfeatures import Floats, Joined, features, names
from kulla.registers.desk import extracts as desk
from kulla.registers.extracts import pools, table
from kulla.registers.extracts.sealed import Pools
from kulla.registers.folder import OwnerFolder


@dataclass(frozen=True, slots=True)
class Sample:
    """Persons of one recipient's copies, and which of them are decoys. `columns`: names of the features."""

    columns: tuple[str, ...]
    x: Floats
    decoy: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the ROC curve, with its standard error (DeLong, DeLong and Clarke-Pearson 1988)."""

    area: float
    error: float

    def __str__(self) -> str:
        return f"{self.area:.3f} ({self.area - 1.96 * self.error:.3f}–{self.area + 1.96 * self.error:.3f})"


def area_of(scores: Floats, decoy: npt.NDArray[np.bool_]) -> Area:
    """The area for scores, higher for decoys.

    >>> area_of(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])).area
    1.0
    """
    from scipy.stats import rankdata  # type: ignore[import-untyped]

    ours, theirs = scores[decoy], scores[~decoy]
    ranks = rankdata(scores)
    above = (ranks[decoy] - rankdata(ours)) / len(theirs)
    below = 1 - (ranks[~decoy] - rankdata(theirs)) / len(ours)
    variance = np.var(above, ddof=1) / len(ours) + np.var(below, ddof=1) / len(theirs)
    return Area(float(above.mean()), float(np.sqrt(variance)))


def auc(samples: Sequence[Sample], trees: int = 150, folds: int = 2) -> dict[str, Area]:
    """The areas of two classifiers over copies of keys they have not learnt from: each key is held out once."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
    from sklearn.pipeline import make_pipeline  # type: ignore[import-untyped]
    from sklearn.preprocessing import QuantileTransformer  # type: ignore[import-untyped]

    found = {}
    for name, model in (
        ("gradient boosting", HistGradientBoostingClassifier(max_iter=trees, learning_rate=0.05, max_leaf_nodes=15,
                                                             class_weight="balanced", random_state=0)),
        ("logistic regression", make_pipeline(QuantileTransformer(n_quantiles=200, random_state=0),
                                              LogisticRegression(C=0.1, class_weight="balanced", max_iter=300))),
    ):  # fmt: skip
        areas = []
        for fold in range(folds):
            learnt = [each for at, each in enumerate(samples) if at % folds != fold]
            tried = [each for at, each in enumerate(samples) if at % folds == fold]
            model.fit(np.vstack([each.x for each in learnt]), np.concatenate([each.decoy for each in learnt]))
            scores = model.predict_proba(np.vstack([each.x for each in tried]))[:, 1]
            areas.append(area_of(scores, np.concatenate([each.decoy for each in tried])))
        # Folds have decoys of their own, so their errors are about independent.
        error = float(np.sqrt(sum(each.error**2 for each in areas)) / folds)
        found[name] = Area(float(np.mean([each.area for each in areas])), error)
    return found


def single(samples: Sequence[Sample]) -> dict[str, float]:
    """The area for each feature by itself, at least 0.5: which one tells most."""
    x, decoy = np.vstack([each.x for each in samples]), np.concatenate([each.decoy for each in samples])
    areas = {name: area_of(x[:, at], decoy).area for at, name in enumerate(samples[0].columns)}
    return {name: max(area, 1 - area) for name, area in areas.items()}


def copies(owner: OwnerFolder, key: bytes, slots: int = 128) -> tuple[Joined, set[str]]:
    """One recipient's copies of all registers, made with a key, joined; and the ids of the decoys in them."""
    now = datetime.now(UTC)
    rolls = desk._rolls(owner, now)
    needs = [pools.Need(roll, (), slots) for roll in rolls]
    grown = pools.grown(key, Pools(), pools.COMMON, pools.country(rolls, [], Pools()), needs)
    number = (int.from_bytes(key[:8], "little") + 1) * 0x9E3779B97F4A7C15 % 2**64
    decoys = pools.chosen(key, grown, number, {pools.COMMON: grown.slots(pools.COMMON)})
    made = {roll.name: table.marked(roll, table.decoy_rows(key, roll, rolls, decoys, ()), roll.rows.column_names, ())
            for roll in rolls}  # fmt: skip
    return Joined(made), {decoy.id for decoy in decoys}


def sample(owner: OwnerFolder, number: int, slots: int = 128, register: str = "all", most: int = 8000) -> Sample:
    """All decoys of the copies made with the key of that number, and so many of the persons.

    register: only whoever stands in this one; `all`: whoever stands in any.
    """
    joined, ids = copies(owner, number.to_bytes(32, "little"), slots)
    of = {"all": {*joined.civil, *joined.payroll, *joined.cars}, "payroll": joined.payroll, "vehicle": joined.cars}
    persons = sorted(of[register])
    random = np.random.default_rng(number)
    real = [each for each in persons if each not in ids]
    kept = {*random.permutation(len(real))[:most].tolist()}
    chosen = [each for at, each in enumerate(real) if at in kept] + [each for each in persons if each in ids]
    return Sample(tuple(names(joined)), features(joined, chosen), np.array([each in ids for each in chosen]))


def main() -> None:
    """Attack the copies of an exercise, and print the areas."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("owner", type=Path, help="the owner's folder of an exercise")
    parser.add_argument("--register", choices=("all", "payroll", "vehicle"), default="payroll", help="among whom")
    parser.add_argument("--keys", type=int, default=6, help="each is held out once while the others are learnt from")
    parser.add_argument("--first", type=int, default=1, help="number of the first key")
    parser.add_argument("--slots", type=int, default=128)
    options = parser.parse_args()
    keys = range(options.first, options.first + options.keys)
    samples = [sample(OwnerFolder(options.owner), key, options.slots, options.register) for key in keys]
    decoys, persons = (sum(int((each.decoy == kind).sum()) for each in samples) for kind in (True, False))
    print(f"{decoys} decoys and {persons} persons of {len(samples)} copies, each held out once")
    for name, area in auc(samples).items():
        print(f"{name}: {area}")
    telling = sorted(single(samples).items(), key=lambda each: -each[1])[:5]
    print("the most telling single signs:", ", ".join(f"{name} {area:.3f}" for name, area in telling))


if __name__ == "__main__":
    main()
