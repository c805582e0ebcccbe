"""Rules run on the samples they bring: events they must hit and events they must leave alone (see docs/rules.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kulla.detect import lint
from kulla.detect.correlate import Correlator, Signal
from kulla.detect.reference import holds
from kulla.detect.rule import Correlation, Rule, Ruleset
from kulla.hunt.rulebook import read_texts

TIME, REPEAT, EVERY = "@time", "@repeat", "@every"
"""Keys of a sample event that are no fields: when it was; how often it comes; seconds between two (1)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One sample of one rule. `detail` says what was found and what was expected."""

    rule: str
    place: str
    sample: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as written: `match` is true (at least one hit), false (none) or the exact number."""

    name: str
    match: bool | int
    events: tuple[Mapping[str, object], ...]


def run(paths: Sequence[str]) -> list[Outcome]:
    """The outcome of every sample of every rule under `paths`, and of every rule that could not be loaded."""
    ruleset = lint.check(read_texts(paths))
    outcomes = [
        Outcome(str(problem.place), str(problem.place), "load", False, problem.message)
        for problem in ruleset.problems
        if problem.fatal
    ]
    rules: list[Rule | Correlation] = [*ruleset.rules, *ruleset.correlations]
    for rule in rules:
        outcomes += _outcomes(rule, ruleset)
    return outcomes


def _outcomes(rule: Rule | Correlation, ruleset: Ruleset) -> Iterator[Outcome]:
    title, place = rule.meta.title, str(rule.meta.place)
    samples, wrong = read(rule)
    for text in wrong:
        yield Outcome(title, place, "samples", False, text)
    for sample in samples:
        found = hits(rule, sample, ruleset)
        passed = found > 0 if sample.match is True else found == int(sample.match)
        wanted = "at least one hit" if sample.match is True else f"{int(sample.match)} hits"
        yield Outcome(title, place, sample.name, passed, f"{found} hits, {wanted} expected")


def read(rule: Rule | Correlation) -> tuple[list[Sample], list[str]]:
    """The samples of a rule, and what is wrong with the way they are written."""
    own = rule.meta.custom.get("kulla")
    given = own.get("samples", []) if isinstance(own, Mapping) else []
    samples: list[Sample] = []
    wrong: list[str] = []
    for number, sample in enumerate(given if isinstance(given, Sequence) else [given], 1):
        match = sample.get("match") if isinstance(sample, Mapping) else None
        events = sample.get("events") if isinstance(sample, Mapping) else None
        if isinstance(match, int) and isinstance(events, Sequence) and all(isinstance(e, Mapping) for e in events):
            samples.append(Sample(str(sample.get("name", number)), match, tuple(events)))
        else:
            wrong.append(f"sample {number} needs `match` (true, false or a number) and `events` (a list of maps)")
    return samples, wrong


def hits(rule: Rule | Correlation, sample: Sample, ruleset: Ruleset) -> int:
    """How many events of a sample meet a rule; for a correlation, how many findings they make."""
    if isinstance(rule, Rule):
        return sum(holds(rule.tree, event) for event, _ in expanded(sample))
    correlator = Correlator(ruleset.correlations)
    correlator.add(_signals(sample, ruleset))
    return sum(finding.correlation.meta.id == rule.meta.id for finding in correlator.advance())


def _signals(sample: Sample, ruleset: Ruleset) -> Iterator[Signal]:
    for number, (event, time) in enumerate(expanded(sample)):
        for rule in ruleset.rules:
            if time is not None and holds(rule.tree, event):
                yield Signal(round(time.timestamp() * 1_000_000), (0, number), str(number), rule.meta.id, event, {})


def expanded(sample: Sample) -> Iterator[tuple[dict[str, list[str]], datetime | None]]:
    """The events of a sample as rules see them, each as often as it says, with its time where it bears one."""
    for written in sample.events:
        event = {name: _texts(value) for name, value in written.items() if name not in (TIME, REPEAT, EVERY)}
        start = datetime.fromisoformat(str(written[TIME])) if TIME in written else None
        step = timedelta(seconds=float(str(written.get(EVERY, 1))))
        for number in range(int(str(written.get(REPEAT, 1)))):
            yield event, None if start is None else start + number * step


def _texts(value: object) -> list[str]:
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    if value is None:
        return []
    return [str(value).lower() if isinstance(value, bool) else str(value)]
