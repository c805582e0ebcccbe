"""From kept runs to tables: recall, delay and persons exposed at the budget, with exact confidence intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import median

from scipy.stats import beta  # type: ignore[import-untyped]

from bench.insider_run import START, Run, Truth, account_of
from kulla.registers.insider.combine import QUIET_DAYS, WARM_DAYS, Scored, chosen
from kulla.registers.insider.reads import day_number
from kulla.registers.insider.state import State

DELAYS = (1, 3, 5, 10, 20, 40, 60)
"""Days since a misdeed's first day at which the curves are told: 1 is the day itself."""

LARGE = 20.0
"""A misdeed whose first day is at least so many times the account's median day."""

Alerts = list[tuple[int, str, str]]
"""(day, subject, strongest signal)."""


@dataclass(slots=True)
class Row:
    """One misdeed over all runs. Delays in days, 1 is the day itself; None: not found within the run.

    Attributes:
        exposed: persons read before the finding and on its day; all of them where there was none.
        days_left: how long each could have been found, first day included.
    """

    name: str
    delays: list[int | None] = field(default_factory=list)
    exposed: list[int] = field(default_factory=list)
    days_left: list[int] = field(default_factory=list)
    ratio: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Method:
    """What one detector did at one budget."""

    name: str
    alerts: int = 0
    honest_alerted: int = 0
    honest: int = 0
    watched_days: int = 0
    working_days: int = 0
    forged: int = 0
    signals: dict[str, int] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)


@dataclass(slots=True)
class Score:
    """The whole result."""

    runs: list[tuple[str, int]]
    threshold: float
    reads: int
    ours: Method
    volume: Method
    by_profile: dict[str, tuple[int, int, int, int, int]]
    """Profile → (honest accounts alerted, honest accounts, alerts, LARGE misdeeds found on their first day, LARGE)."""


def scores(runs: Sequence[Run], threshold: float) -> Score:
    """Score our findings, and a volume threshold that alerts as many honest accounts of each run."""
    ours, volume = Method("kulla"), Method("volume threshold")
    profiles: dict[str, tuple[int, int, int, int, int]] = defaultdict(lambda: (0, 0, 0, 0, 0))
    for run in runs:
        alerts = decided(run, threshold)
        before = _profile_figures(ours)
        _add(ours, run, alerts)
        some = [new - old for new, old in zip(_profile_figures(ours), before, strict=True)]
        a, b, c, d, e = (x + y for x, y in zip(profiles[run.plan.profile], some, strict=True))
        profiles[run.plan.profile] = a, b, c, d, e
        _add(volume, run, by_volume(run, some[0]))
    named = [(run.plan.profile, run.plan.seed) for run in runs]
    return Score(named, threshold, sum(run.reads for run in runs), ours, volume, dict(profiles))


def _profile_figures(method: Method) -> tuple[int, int, int, int, int]:
    large = _large_delays(method)
    return method.honest_alerted, method.honest, method.alerts, sum(each == 1 for each in large), len(large)


def _large_delays(method: Method) -> list[int | None]:
    return [delay for row in method.rows.values() for delay, ratio in zip(row.delays, row.ratio, strict=True)
            if ratio >= LARGE]  # fmt: skip


def decided(run: Run, threshold: float) -> Alerts:
    """The findings that the watch's own budget and quiet times leave."""
    state, found = State(), Alerts()
    by_day: dict[int, list[tuple[str, float, bool, str]]] = defaultdict(list)
    for day, subject, value, certain, signal in run.scores:
        if value >= threshold:
            by_day[day].append((subject, value, certain, signal))
    for day in range(run.plan.days):
        candidates = [
            Scored(0, subject, value, ((signal, 99.0 if certain else value), *((("decoy", 99.0),) if certain else ())))
            for subject, value, certain, signal in sorted(by_day[day], key=lambda each: (-each[1], each[0]))
        ]
        number = day + day_number(START)
        found += [(day, each.subject, each.surprises[0][0]) for each in chosen(state, number, run.accounts, candidates)]
    return found


def by_volume(run: Run, honest_wanted: int) -> Alerts:
    """Alerts of the lowest threshold on distinct persons a day that alerts no more honest accounts than wanted."""
    bad = _involved(run.truths)
    levels = sorted({count for day, _, count in run.volumes if day >= WARM_DAYS})
    low, high = 0, len(levels)
    while low < high:
        middle = (low + high) // 2
        honest = {account_of(s) for d, s, c in run.volumes
                  if d >= WARM_DAYS and c >= levels[middle]} - bad  # fmt: skip
        low, high = (low, middle) if len(honest) <= honest_wanted else (middle + 1, high)
    least = levels[low] if low < len(levels) else float("inf")
    last: dict[str, int] = {}
    found = Alerts()
    for day, subject, count in run.volumes:
        if day >= WARM_DAYS and count >= least and day - last.get(subject, -QUIET_DAYS - 1) > QUIET_DAYS:
            last[subject] = day
            found.append((day, subject, "volume"))
    return found


def _involved(truths: Iterable[Truth]) -> set[str]:
    return {account for truth in truths for account in (*truth.accounts, *truth.forged)}


def _add(method: Method, run: Run, alerts: Alerts) -> None:
    bad = _involved(run.truths)
    alerts = [each for each in alerts if each[0] >= WARM_DAYS]
    honest = {account_of(subject) for _, subject, _ in alerts} - bad
    method.alerts += len(alerts)
    method.honest_alerted += len(honest)
    method.honest += run.people - len(bad)
    method.watched_days += run.plan.days - WARM_DAYS
    days = [START + timedelta(days=day) for day in range(WARM_DAYS, run.plan.days)]
    method.working_days += sum(day.weekday() < 5 for day in days)
    for _, subject, signal in alerts:
        if account_of(subject) in honest:
            method.signals[signal] = method.signals.get(signal, 0) + 1
    for truth in run.truths:
        _judge(method, truth, alerts, run.plan.days)


def _judge(method: Method, truth: Truth, alerts: Alerts, days: int) -> None:
    first = truth.daily[0][0]
    row = method.rows.setdefault(truth.name, Row(truth.name))
    # An alert that stood before the misdeed began keeps the account quiet and is no detection.
    mine = [(day, subject) for day, subject, _ in alerts if day >= first and account_of(subject) in truth.accounts]
    named = [(day, subject) for day, subject, _ in alerts if day >= first and account_of(subject) in truth.forged]
    method.forged += bool(named)
    found = min((day for day, _ in (*mine, *named)), default=None)
    row.delays.append(None if found is None else found - first + 1)
    row.exposed.append(sum(new for day, _, new in truth.daily if found is None or day <= found))
    row.days_left.append(days - first)
    row.ratio.append(truth.daily[0][2] / max(truth.median_day, 1.0))


def interval(hits: int, of: int) -> str:
    """A share with its exact 95 % interval (Clopper and Pearson).

    >>> interval(9, 10)
    '0.90 (0.55-1.00)'
    """
    low = 0.0 if hits == 0 else float(beta.ppf(0.025, hits, of - hits + 1))
    high = 1.0 if hits == of else float(beta.ppf(0.975, hits + 1, of - hits))
    return f"{hits / of:.2f} ({low:.2f}-{high:.2f})" if of else "-"


def markdown(score: Score) -> str:
    """All tables."""
    profiles = ", ".join(f"{p} ({sum(q == p for q, _ in score.runs)})" for p in dict.fromkeys(p for p, _ in score.runs))
    about = f"{len(score.runs)} runs of 2,000 accounts, 120 days, {score.reads:,} reads; profiles (runs): {profiles}."
    lines = [
        f"{about} Threshold {score.threshold}. The first {WARM_DAYS} days only teach.", "",
        "| detector | alerts a working day | honest accounts alerted, of | a year | alerts in a forged name |",
        "|---|--:|--:|--:|--:|",
    ]  # fmt: skip
    for method in (score.ours, score.volume):
        years = method.watched_days / len(score.runs) / 365 if score.runs else 1
        share = method.honest_alerted / max(method.honest, 1)
        lines.append(f"| {method.name} | {method.alerts / max(method.working_days, 1):.2f} | {method.honest_alerted}, "
                     f"{method.honest:,} | {share / years:.2%} | {method.forged} |")  # fmt: skip
    head = f"| profile | honest accounts alerted, of | alerts | of {LARGE:g} times the median day: found on the first |"
    lines += ["", head, "|---|--:|--:|---|"]
    lines += [f"| {name} | {a}, {b:,} | {c} | {interval(d, e)} of {e} |"
              for name, (a, b, c, d, e) in score.by_profile.items()]  # fmt: skip
    told = ", ".join(f"{name} {n}" for name, n in sorted(score.ours.signals.items(), key=lambda each: -each[1]))
    lines += ["", f"Strongest signal of findings about honest accounts: {told or 'none'}.", "", *_recall(score), "",
              *_large(score), "", *_curves(score)]  # fmt: skip
    return "\n".join(lines) + "\n"


def _recall(score: Score) -> list[str]:
    ours = "recall (95 %) | on its first day (95 %) | median delay of those found, days | median persons exposed"
    volume = "volume: recall | volume: first day | volume: exposed"
    lines = [f"| misdeed | n | {ours} | {volume} |", "|---|--:|---|---|--:|--:|---|---|--:|"]
    for name, row in score.ours.rows.items():
        other = score.volume.rows[name]
        lines.append("| " + " | ".join((name, str(len(row.delays)), *_cells(row), *_cells(other, False))) + " |")
    return lines


def _cells(row: Row, delay: bool = True) -> list[str]:
    found = [each for each in row.delays if each is not None]
    shares = [interval(len(found), len(row.delays)), interval(sum(each == 1 for each in found), len(row.delays))]
    middle = [f"{median(found):g}" if found else "-"] if delay else []
    return [*shares, *middle, f"{median(row.exposed):,.0f}"]


def _large(score: Score) -> list[str]:
    lines = [f"| first day at least {LARGE:g} times the account's median day | n | first day (95 %) |", "|---|--:|---|"]
    for method in (score.ours, score.volume):
        delays = _large_delays(method)
        lines.append(f"| {method.name} | {len(delays)} | {interval(sum(d == 1 for d in delays), len(delays))} |")
    return lines


def _curves(score: Score) -> list[str]:
    head = " | ".join(f"day {delay}" for delay in DELAYS)
    lines = ["Share found by the day counted from the misdeed's first (1: that day):", "",
             f"| misdeed | detector | {head} |", "|---|---|" + "--:|" * len(DELAYS)]  # fmt: skip
    for name in (each for each in score.ours.rows if each.startswith("low_and_slow")):
        for method in (score.ours, score.volume):
            delays = method.rows[name].delays
            cells = (f"{sum(d is not None and d <= by for d in delays) / len(delays):.2f}" for by in DELAYS)
            lines.append(f"| {name} a day | {method.name} | {' | '.join(cells)} |")
    return lines
