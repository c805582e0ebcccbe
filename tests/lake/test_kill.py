"""A writer killed at any step: nothing lost, nothing twice, nothing torn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import lakekill
import lakes
import pytest
from lakekill import EVENTS
from lakes import SCOPE

from kulla.lake import Lake


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    lakes.small_blocks(monkeypatch)


@pytest.fixture(scope="module")
def killer() -> Iterator[lakekill.Killer]:
    made = lakekill.Killer()
    yield made
    made.close()


Check = Callable[[Lake], None]


def _at_every_step(
    killer: lakekill.Killer, work: Callable[[Path], None], folder: Path, check: Check, least: int
) -> None:
    """Kill the work one step later each time, until it comes to its end."""
    at = 0
    while killer.killed(work, folder, at):
        with Lake(folder) as lake:
            check(lake)
            assert lake.check(deep=True) == []
        at += 1
    assert at >= least


def test_appending(tmp_path: Path, killer: lakekill.Killer) -> None:
    """Each life of the writer goes on where the lake says it is."""

    def check(lake: Lake) -> None:
        taken = lake.taken("civil", "mof", "aa")
        assert sorted(lakes.ids(lake.search("", SCOPE))) == sorted(EVENTS["event_id"].to_pylist()[: 10 * taken])

    _at_every_step(killer, lakekill.append, tmp_path, check, 10)
    with Lake(tmp_path) as lake:
        assert lake.taken("civil", "mof", "aa") == 4
        check(lake)


def test_appending_from_the_start_each_time(tmp_path: Path, killer: lakekill.Killer) -> None:
    """The source is read again from its first chunk on; what is there already is not taken again."""

    def check(lake: Lake) -> None:
        found = lakes.ids(lake.search("", SCOPE))
        assert len(found) == len(set(found)) == 10 * lake.taken("civil", "mof", "aa")

    _at_every_step(killer, lakekill.append_again, tmp_path, check, 10)
    with Lake(tmp_path) as lake:
        assert sorted(lakes.ids(lake.search("", SCOPE))) == sorted(EVENTS["event_id"].to_pylist()[:20])


def test_compacting_and_vacuum(tmp_path: Path, killer: lakekill.Killer) -> None:
    lakekill.append(tmp_path)

    def check(lake: Lake) -> None:
        assert sorted(lakes.ids(lake.search("", SCOPE))) == sorted(EVENTS["event_id"].to_pylist())
        assert lake.count('"event 7"', SCOPE) == 1

    _at_every_step(killer, lakekill.compact, tmp_path, check, 10)
    with Lake(tmp_path) as lake:
        check(lake)
        assert len(lake.log.files()) == len(lakes.files(tmp_path)) == 2


def test_retention(tmp_path: Path, killer: lakekill.Killer) -> None:
    lakekill.append(tmp_path)

    def check(lake: Lake) -> None:
        assert lake.count("product:windows", SCOPE) == 20

    _at_every_step(killer, lakekill.retain, tmp_path, check, 2)  # it drops everything in one commit
    with Lake(tmp_path) as lake:
        check(lake)
        assert lake.count("", SCOPE) == 20
