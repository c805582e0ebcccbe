"""Rules for a hunt: read from files, selected and compiled, or taken compiled from the cache."""

from __future__ import annotations

import errno
import logging
import os
import pickle
import stat
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, overload

import numpy as np
import numpy.typing as npt

from kulla.detect.correlate.graph import Graph
from kulla.detect.engine import Engine, compile_rules
from kulla.detect.rule import Correlation, Meta, Problem, Rule
from kulla.errors import UsageError
from kulla.events import mapping
from kulla.events.logsource import Includes, Logsource, feeds
from kulla.events.rejects import readable
from kulla.events.table import LogsourceTable
from kulla.hunt import valuesfile
from kulla.hunt.options import Options
from kulla.hunt.rulecache import RuleCache, key_of

log = logging.getLogger(__name__)


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
            self._made[number] = pickle.loads(self._packed[number])  # noqa: S301 - packed by us, see rulecache
        return self._made[number]


@dataclass(frozen=True, slots=True)
class Listed:
    """A loaded rule, as a list shows it."""

    meta: Meta
    logsource: Logsource
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """What is known of a hunt's rules without compiling them. `listed` are all that were selected; `run` are places in
    `listed` of those that run, in the order by which hits number them; `silent` numbers of these that only serve
    correlations; `problems` those of loading; `includes` the logsource table's."""

    listed: tuple[Listed, ...]
    run: tuple[int, ...]
    silent: tuple[int, ...]
    correlations: tuple[Correlation, ...]
    problems: tuple[Problem, ...]
    includes: Includes

    def feeds(self, rule: Logsource, event: Logsource) -> bool:
        """Whether a rule of that logsource runs on such events."""
        return feeds(rule, event, self.includes)

    def meta(self, number: int) -> Meta:
        """What the rule says of itself that hits know by `number`."""
        return self.listed[self.run[number]].meta


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of a hunt, ready to be matched: `rules` by the numbers that hits bear, `needs` rule id → fields that
    correlations ask of its hits, and the logsource table they were compiled for."""

    rules: Sequence[Rule]
    engine: Engine
    table: LogsourceTable
    silent: npt.NDArray[np.int64]
    needs: Mapping[str, frozenset[str]]


def validate(options: Options) -> None:
    """Raise UsageError or ConfigError, with all that is wrong, before any work is done."""
    _key(options)
    valuesfile.read(options.values)
    if options.mappings:
        mapping.load(options.mappings)


def open_index(options: Options) -> Index:
    """The index of the rules that `options` ask for; compiles them when the cache has them not.

    Raises UsageError or ConfigError for what is wrong with the call."""
    cache, key = RuleCache(options.cache), _key(options)
    held = cache.fetch(key, "index")
    return cast("Index", held) if held is not None else _compiled(options, cache, key)[0]


def open_book(options: Options) -> Rulebook:
    """The rules that `options` ask for, compiled. Raises as `open_index`."""
    cache, key = RuleCache(options.cache), _key(options)
    index, held = cache.fetch(key, "index"), cache.fetch(key, "plan")
    if index is None or held is None:
        index, held = _compiled(options, cache, key)
    index = cast("Index", index)
    packed, plan, table = cast("tuple[list[bytes], bytes, LogsourceTable]", held)
    return Rulebook(
        rules=RuleList(packed),
        engine=Engine.loads(plan, table.feeds, time.process_time if options.profile else None),
        table=table,
        silent=np.array(index.silent, np.int64),
        needs=Graph.of(index.correlations).needs,
    )


def _key(options: Options) -> str:
    files = [*rule_files(options.rules), *options.mappings, *([options.values] if options.values else [])]
    return key_of(files, repr(options.selection))


def _compiled(options: Options, cache: RuleCache, key: str) -> tuple[Index, object]:
    """Load and compile, and keep what came of it."""
    from kulla.detect.ruleset import load  # here, since a warm start needs no YAML: 50 ms

    table = mapping.load(options.mappings)
    ruleset = load(read_texts(options.rules), valuesfile.read(options.values))
    chosen = [each for each in ruleset.correlations if options.selection.takes(each.meta)]
    graph = Graph.of(_with_inner(chosen, ruleset.correlations))
    listed = [rule for rule in ruleset.rules if options.selection.takes(rule.meta) or rule.meta.id in graph.uses]
    run = [place for place, rule in enumerate(listed) if not rule.needs]
    unasked = {rule.meta.id for rule in listed if not options.selection.takes(rule.meta)}
    quiet = graph.silent | unasked
    index = Index(
        listed=tuple(Listed(rule.meta, rule.logsource, rule.needs) for rule in listed),
        run=tuple(run),
        silent=tuple(number for number, place in enumerate(run) if listed[place].meta.id in quiet),
        correlations=graph.order,
        problems=ruleset.problems,
        includes=table.includes,
    )
    rules = [listed[place] for place in run]
    held = ([pickle.dumps(rule, 5) for rule in rules], compile_rules(rules, table.feeds).dumps(), table)
    cache.store(key, {"index": index, "plan": held})
    return index, held


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


def rule_files(paths: Sequence[str]) -> Iterator[str]:
    """The YAML files under paths, in order of names, each once. Raises UsageError when a path does not exist."""
    seen: set[str] = set()
    for path in paths:
        if not os.path.exists(path):
            raise UsageError(f"{path}: no such file or folder; give --rules a Sigma rule or a folder of rules")
        for each in sorted(_yaml_below(path)) if os.path.isdir(path) else [path]:
            if each not in seen:
                seen.add(each)
                yield each


def _yaml_below(folder: str) -> Iterator[str]:
    for at, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (os.path.join(at, name) for name in names if name.endswith((".yml", ".yaml")))


def _unreadable(error: OSError) -> None:
    raise UsageError(f"{error.filename}: cannot be read ({error.strerror}); check its permissions") from error


def read_texts(paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(path, text) of rule files, for `ruleset.load`. Bytes that are not UTF-8 become U+FFFD, which the loader
    reports where it matters; a file that cannot be read is an empty text, which the loader reports too."""
    for path in rule_files(paths):
        try:
            yield path, _content(path).decode("utf-8", "replace")
        except OSError as error:
            log.warning("%s: cannot be read (%s); check its permissions", readable(path), error.strerror)
            yield path, ""


def _content(path: str) -> bytes:
    """A rule file, up to what the loader refuses as too long. Of a FIFO or device nothing: it may have no end."""
    from kulla.detect.yamlines import MAX_CHARACTERS

    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    with open(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read(4 * MAX_CHARACTERS + 1)
