"""What a scope does not hold has no influence on any answer, and is never opened."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import lakes
import pyarrow as pa
import pytest
from lakes import NOON, SCOPE

from kulla.lake import Lake, datafile
from kulla.lake.retention import Hold, Policy
from kulla.lake.scope import Scope

OWN = [
    {"raw": f"own {n}", "fields": {"Image": f"own{n % 3}.exe", "User": "ana"}, "host": "ws1",
     "time": NOON + timedelta(seconds=n)} for n in range(30)
]  # fmt: skip
OTHERS = [
    {"raw": f"secret own {n}", "fields": {"Image": "own-secret.exe", "Imagination": "x", "User": "ana"}, "host": "ws2",
     "time": NOON + timedelta(seconds=n / 2)} for n in range(50)
]  # fmt: skip
ID = lakes.table(OTHERS, "other")["event_id"][3].as_py()
OWN_ID = lakes.table(OWN)["event_id"][5].as_py()
SPAN = (NOON - timedelta(hours=1), NOON + timedelta(hours=1))

QUESTIONS: dict[str, Callable[[Lake, Scope], Any]] = {
    "search": lambda lake, scope: lakes.ids(lake.search("own", scope)),
    "paths": lambda lake, scope: len(lake.paths(scope)),
    "count": lambda lake, scope: lake.count("not nothing", scope),
    "histogram": lambda lake, scope: lake.histogram("", scope, *SPAN, bins=7),
    "facets": lambda lake, scope: lake.facets("", scope, ["Image", "host", "Imagination"]),
    "complete": lambda lake, scope: (lake.complete("Imag", scope), lake.complete("Image:own", scope)),
    "event": lambda lake, scope: (lake.event(ID, scope), lake.event(ID, scope, NOON + timedelta(seconds=1.5))),
    "events": lambda lake, scope: [
        each["event_id"].to_pylist() for each in lake.events([ID, OWN_ID], scope, NOON, NOON + timedelta(seconds=1))
    ],
    "held": lambda lake, scope: lake.held([Hold("case")], scope, Policy(30), date(2030, 1, 1)),
    "around": lambda lake, scope: lake.around("user", "ana", scope),
    "batches": lambda lake, scope: sum(len(batch) for batch in lake.batches(scope)),
    "replayed": lambda lake, scope: [(each.looked, each.settled) for each in lake.replayed(scope)],
}


def test_every_question_is_here() -> None:
    asked = {
        name for name, each in inspect.getmembers(Lake, inspect.isfunction) if "scope" in each.__code__.co_varnames
    }
    assert asked - {"visible"} == set(QUESTIONS)


Pair = tuple[Lake, Lake]


@pytest.fixture(scope="module", params=["appended", "compacted"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """A lake of the own events alone, and one that also holds those of others, in the own zone and in another."""
    folder = tmp_path_factory.mktemp("lakes")
    with pytest.MonkeyPatch.context() as patch, Lake(folder / "alone") as alone, Lake(folder / "shared") as shared:
        lakes.small_blocks(patch)
        for lake in (alone, shared):
            for chunk in range(3):
                if lake is shared:
                    lake.append(lakes.table(OTHERS, "other").slice(20 * chunk, 20), "bb", chunk)
                    lake.append(lakes.table(OTHERS, "mof", "military").slice(20 * chunk, 20), "cc", chunk)
                lake.append(lakes.table(OWN).slice(10 * chunk, 10), "aa", chunk)
            if request.param == "compacted":
                lake.compact(every=True)
        yield alone, shared


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_others_change_no_answer(pair: Pair, name: str) -> None:
    alone, shared = pair
    assert QUESTIONS[name](shared, SCOPE) == QUESTIONS[name](alone, SCOPE)
    wider = SCOPE | {("civil", "other")}
    if name != "around":
        assert QUESTIONS[name](shared, wider) != QUESTIONS[name](alone, wider)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_files_of_others_are_never_opened(pair: Pair, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, shared = pair
    allowed = {path.stem for path in shared.paths(SCOPE)}
    opened: set[str] = set()

    def watched(real: Callable[..., Any]) -> Callable[..., Any]:
        def inner(self: Any, path: str, *rest: Any) -> Any:
            opened.add(Path(path).stem)
            return real(self, path, *rest)

        return inner

    for method in ("read", "blocks", "metadata"):
        monkeypatch.setattr(datafile.Reader, method, watched(getattr(datafile.Reader, method)))
    QUESTIONS[name](shared, SCOPE)
    assert opened <= allowed
    assert opened or name == "paths"


def test_an_empty_scope_sees_nothing(pair: Pair) -> None:
    _, shared = pair
    none: Scope = frozenset()
    assert lakes.ids(shared.search("", none)) == []
    assert shared.facets("", none, ["Image"])["Image"].events == 0
    assert sum(shared.histogram("", none, *SPAN).counts) == 0
    assert shared.event(ID, none) is None
    assert isinstance(shared.event(ID, SCOPE | {("civil", "other")}), pa.Table)
