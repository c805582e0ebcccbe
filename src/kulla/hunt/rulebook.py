"""Rules for a hunt: read from files, selected, compiled, and kept compiled in a cache on disk.

The cache makes a warm start: parsing and compiling the whole Sigma corpus takes seconds, loading it back a fraction of
one. An entry is keyed by every rule file's path, size and time, the selection, the versions of Kulla and its libraries
and the processor; it lies in a folder that only its owner may write, and is ignored otherwise.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from kulla import __version__
from kulla.detect import engine as fast
from kulla.detect.correlate.graph import Graph
from kulla.detect.rule import Correlation, Meta, Problem, Rule
from kulla.detect.ruleset import load
from kulla.errors import UsageError
from kulla.events import mapping
from kulla.events.logsource import Logsource
from kulla.hunt import valuesfile
from kulla.hunt.options import Options

log = logging.getLogger(__name__)

_KEPT = 8
"""Entries of the cache that are kept, by time of last use: about 20 MB each for the whole corpus."""


class RuleList(Sequence[Rule]):
    """Rules kept pickled, and made when asked for: of thousands, a run explains the hits of a few."""

    def __init__(self, packed: Sequence[bytes]) -> None:
        self._packed = packed
        self._made: dict[int, Rule] = {}

    def __len__(self) -> int:
        return len(self._packed)

    @overload
    def __getitem__(self, number: int) -> Rule: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Rule]: ...
    def __getitem__(self, number: int | slice) -> Rule | Sequence[Rule]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number not in self._made:
            self._made[number] = pickle.loads(self._packed[number])  # noqa: S301 - from our own cache, see `_trusted`
        return self._made[number]


@dataclass(frozen=True, slots=True)
class Listed:
    """A loaded rule, as a list shows it."""

    meta: Meta
    logsource: Logsource
    needs: tuple[str, ...]


@dataclass(slots=True)
class Rulebook:
    """The rules of a hunt. `rules` run, by the numbers that hits bear; `listed` are all that were loaded and selected;
    `problems` those of loading; `silent` numbers of rules that only serve correlations; `needs` rule id → fields."""

    rules: Sequence[Rule]
    listed: Sequence[Listed]
    correlations: Sequence[Correlation]
    problems: Sequence[Problem]
    engine: fast.Engine
    silent: npt.NDArray[np.int64]
    needs: Mapping[str, frozenset[str]]


def rule_files(paths: Sequence[str]) -> Iterator[Path]:
    """The YAML files under paths, in order of names, each once. Raises UsageError when a path does not exist."""
    seen: set[Path] = set()
    for given in paths:
        path = Path(given)
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder; give --rules a Sigma rule or a folder of rules")
        found = sorted(_yaml_below(path)) if path.is_dir() else [path]
        for each in found:
            if each not in seen:
                seen.add(each)
                yield each


def _yaml_below(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(at, name) for name in names if name.endswith((".yml", ".yaml")))


def read_texts(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(path, text) of rule files, for `ruleset.load`. Bytes that are not UTF-8 become U+FFFD, which the loader
    reports where it matters; a file that cannot be read is an empty text, which the loader reports too."""
    for path in rule_files(paths):
        try:
            yield str(path), path.read_bytes().decode("utf-8", "replace")
        except OSError as error:
            log.warning("%s: cannot be read (%s); check its permissions", path, error.strerror)
            yield str(path), ""


def open_book(options: Options) -> Rulebook:
    """The rules that `options` ask for, compiled; from the cache when it has them."""
    folder = _folder(options.cache)
    key = _key(options)
    held = _fetch(folder, key) if folder else None
    if held is None:
        held = _compile(options)
        if folder:
            _store(folder, key, held)
    return _opened(held, mapping.load(options.mappings).feeds, time.process_time if options.profile else None)


Held = dict[str, object]


def _compile(options: Options) -> Held:
    """Everything a book holds, as values that pickle."""
    ruleset = load(read_texts(options.rules), valuesfile.read(options.values))
    chosen = [each for each in ruleset.correlations if options.selection.takes(each.meta)]
    graph = Graph.of(_with_inner(chosen, ruleset.correlations))
    listed = [rule for rule in ruleset.rules if options.selection.takes(rule.meta) or rule.meta.id in graph.uses]
    run = [rule for rule in listed if not rule.needs]
    unasked = {rule.meta.id for rule in run if not options.selection.takes(rule.meta)}
    silent = [number for number, rule in enumerate(run) if rule.meta.id in graph.silent | unasked]
    return {
        "rules": [pickle.dumps(rule, 5) for rule in run],
        "listed": [Listed(rule.meta, rule.logsource, rule.needs) for rule in listed],
        "correlations": graph.order,
        "problems": ruleset.problems,
        "engine": fast.compile_rules(run, mapping.load(options.mappings).feeds).dumps(),
        "silent": silent,
    }


def _with_inner(chosen: Sequence[Correlation], all_of_them: Sequence[Correlation]) -> list[Correlation]:
    """The chosen correlations and those that they rest on."""
    by_id = {each.meta.id: each for each in all_of_them}
    waiting, kept = list(chosen), {each.meta.id: each for each in chosen}
    while waiting:
        for rule in waiting.pop().rules:
            if rule in by_id and rule not in kept:
                kept[rule] = by_id[rule]
                waiting.append(by_id[rule])
    return list(kept.values())


def _opened(held: Held, feeds: fast.Feeds, clock: fast.Clock | None) -> Rulebook:
    correlations: tuple[Correlation, ...] = held["correlations"]  # type: ignore[assignment]
    return Rulebook(
        rules=RuleList(held["rules"]),  # type: ignore[arg-type]
        listed=held["listed"],  # type: ignore[arg-type]
        correlations=correlations,
        problems=held["problems"],  # type: ignore[arg-type]
        engine=fast.Engine.loads(held["engine"], feeds, clock),  # type: ignore[arg-type]
        silent=np.array(held["silent"], np.int64),
        needs=Graph.of(correlations).needs,
    )


def _folder(cache: str | None) -> Path | None:
    """The cache's folder, made if need be; None when it is switched off or cannot be trusted or written."""
    if cache == "":
        return None
    base = Path(cache or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kulla"
    try:
        base.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return None
    return base if _trusted(base) else None


def _trusted(path: Path) -> bool:
    """Whether only this user can have written it: a cache holds pickles, which run code when loaded."""
    try:
        status = path.lstat()
    except OSError:
        return False
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _key(options: Options) -> str:
    parts = [__version__, repr(options.selection)]
    files = [
        *rule_files(options.rules),
        *map(Path, options.mappings),
        *([Path(options.values)] if options.values else []),
    ]
    for path in files:
        try:
            status = path.stat()
        except OSError:
            parts.append(f"{path} unreadable")
            continue
        parts.append(f"{path.absolute()} {status.st_size} {status.st_mtime_ns} {status.st_ino}")
    digest = hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogateescape"), digest_size=16).digest()
    return fast.cache_key(digest)


def _fetch(folder: Path, key: str) -> Held | None:
    path = folder / f"{key}.rules"
    if not _trusted(path):
        return None
    try:
        with path.open("rb") as file:
            held: Held = pickle.load(file)  # noqa: S301 - only this user can have written it
        os.utime(path)
    except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ImportError, ValueError) as error:
        log.info("the cache entry %s is of no use (%s) and is made anew", path.name, type(error).__name__)
        return None
    return held


def _store(folder: Path, key: str, held: Held) -> None:
    """Write an entry whole or not at all, and let the oldest go."""
    try:
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            pickle.dump(held, file, 5)
        os.replace(file.name, folder / f"{key}.rules")
        entries = sorted(folder.glob("*.rules"), key=lambda entry: entry.stat().st_mtime, reverse=True)
        for old in entries[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        log.info("compiled rules are not cached: %s: %s", folder, error.strerror)
