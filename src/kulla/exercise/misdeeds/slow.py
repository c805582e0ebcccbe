"""Misdeeds by single look-ups: low and slow, in the order of ids, watched persons, off hours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kulla.exercise.acts import LOOK_UP, PREPARED, Acts, acts
from kulla.exercise.hours import moments, runs_of_moments
from kulla.exercise.misdeeds.api import Plain, Scene
from kulla.exercise.workdays import HOUR

_STRIDES = (7_919, 6_007, 4_801, 3_571, 2_689, 1_747, 1_009, 433, 89, 13, 1)
"""Steps through a remit; the first without a common factor meets every person once before any twice."""


def _fresh(scene: Scene, account: int, count: int) -> NDArray[np.int64]:
    """Persons of the account's remit, `count` for each turn, none twice while there are others."""
    low, high = scene.remit(account)
    first, stop = int(scene.shelves.start[low]), int(scene.shelves.start[high])
    size = stop - first
    if not size:
        return np.zeros(0, dtype=np.int64)
    stride = next(step for step in _STRIDES if np.gcd(step, size) == 1)
    place = (account * 31 + (scene.turn * count + np.arange(min(count, size))) * stride) % size
    return scene.shelves.mixed[first + place].astype(np.int64)


def _single(scene: Scene, account: int, persons: NDArray[np.int64]) -> Acts:
    """Look-ups by the front office among the account's own hours."""
    time = moments(scene.roster, scene.day, np.full(persons.size, account), scene.stream)
    return acts(persons.size, account=account, target=persons, shape=LOOK_UP, how=PREPARED, time=np.sort(time))


class LowAndSlow(Plain):
    """A few persons a day of the account's own remit, by the usual screen at the usual hours, none twice."""

    name = "low_and_slow"
    rate = 10

    def acts(self, scene: Scene) -> Acts:
        return _single(scene, scene.doers[0], _fresh(scene, scene.doers[0], scene.rate))


class SequentialEnumeration(Plain):
    """Ids one after the other over the whole country, whether they exist or not: one in five does not."""

    name = "sequential_enumeration"
    rate = 100

    def acts(self, scene: Scene) -> Acts:
        line, account = scene.shelves.by_rank, scene.doers[0]
        if not line.size:
            return acts(0)
        begin = account * 7_919 + scene.turn * scene.rate
        persons = line[(begin + np.arange(min(scene.rate, line.size))) % line.size].astype(np.int64)
        gaps = np.sort(scene.stream.integers(0, persons.size + 1, persons.size // 4))
        asked = np.insert(persons, gaps, -1)
        time = runs_of_moments(scene.roster, scene.day, np.array([account]), np.array([asked.size]), 6.0, scene.stream)
        return acts(asked.size, account=account, target=asked, shape=LOOK_UP, how=PREPARED, time=time)


class WatchedPersons(Plain):
    """Looks up persons of public life, wherever they live."""

    name = "watched_person_snooping"
    rate = 2

    def acts(self, scene: Scene) -> Acts:
        watched = scene.shelves.watched
        count = min(scene.rate, watched.size)
        place = (scene.doers[0] + scene.turn * count + np.arange(count)) % max(watched.size, 1)
        return _single(scene, scene.doers[0], watched[place].astype(np.int64))


class OffHours(Plain):
    """Persons of the remit, late in the evening or on days off."""

    name = "off_hours"
    rate = 30
    any_day = True

    def acts(self, scene: Scene) -> Acts:
        persons = _fresh(scene, scene.doers[0], scene.rate)
        begin = 20.5 + 2.0 * scene.stream.random() if scene.day.worked else 9.0 + 10.0 * scene.stream.random()
        hours = begin + np.sort(scene.stream.random(persons.size)) * (0.3 + persons.size / 60.0)
        time = scene.day.midnight + (np.minimum(hours, 29.5) * HOUR).astype(np.int64)
        return acts(persons.size, account=scene.doers[0], target=persons, shape=LOOK_UP, how=PREPARED, time=time)
