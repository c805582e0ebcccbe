"""What the situation page tells, each figure over what the reader may see and nothing else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import Any, Final

from django.db.models import Count, Max
from django.utils import timezone

from kulla.centre.alerts import rules
from kulla.centre.alerts.models import Alert, AlertGroup, Level, Status
from kulla.centre.cases.clocks import Clock, clocks_of_many, most_urgent
from kulla.centre.cases.models import Bearer, Case, State
from kulla.centre.people import door
from kulla.centre.people.models import Constituent
from kulla.centre.worker.models import Health, SourceFile
from kulla.detect.attack import attack
from kulla.detect.rule import Filter
from kulla.detect.sigma import parse
from kulla.hunt.rulebook import read_texts

DAYS: Final = 30
"""Over how many days times and what fired are told."""
_OPEN: Final = (Status.NEW, Status.ACKNOWLEDGED, Status.ESCALATED)
_SAMPLE: Final = 2000
"""Alerts over which a median is taken: the newest."""


@dataclass(frozen=True, slots=True)
class Pressing:
    """An open clock and the case it belongs to."""

    case: Case
    clock: Clock


def clocks(user: Any, most: int = 15) -> list[Pressing]:
    """The legal clocks that press most, of all cases that the user sees."""
    borne = Case.objects.exclude(state=State.CLOSED).filter(pk__in=Bearer.objects.values("case"))
    cases = {row.pk: row for row in door.visible(user, borne)}
    every = [Pressing(cases[pk], clock) for pk, found in clocks_of_many(cases.values()).items() for clock in found]
    order = {id(clock): at for at, clock in enumerate(most_urgent(each.clock for each in every))}
    return sorted((each for each in every if id(each.clock) in order), key=lambda each: order[id(each.clock)])[:most]


def by_level(user: Any) -> tuple[list[str], list[tuple[str, str, list[int]]]]:
    """Zones, and for each level (from the most severe): its key, its name, open alerts in each of these zones."""
    rows = door.visible(user, Alert.objects.filter(status__in=_OPEN)).order_by()
    counts = {(row["level"], row["zone"]): row["n"] for row in rows.values("level", "zone").annotate(n=Count("pk"))}
    zones = sorted({zone for zone, _one in door.sight(user).places("alerts.see")})
    table = [(level.value, str(level.label), [counts.get((level.value, zone), 0) for zone in zones])
             for level in reversed(Level)]  # fmt: skip
    return zones, table


@dataclass(frozen=True, slots=True)
class Times:
    """Medians over the newest alerts of DAYS days; None where there is nothing to take one of.

    detect: from an alert's first event until the alert was made; acknowledge: from then until a person took it;
    close: until it was closed. backlog: alerts that nobody took yet; oldest: since when the oldest waits.
    """

    detect: timedelta | None
    acknowledge: timedelta | None
    close: timedelta | None
    backlog: int
    oldest: datetime | None


def times(user: Any) -> Times:
    """How quick the desk is."""
    rows = door.visible(user, Alert.objects.all())
    since = timezone.now() - timedelta(days=DAYS)
    recent = rows.filter(made__gte=since).order_by("-made").values_list("first", "made", "acknowledged", "closed")
    newest = list(recent[:_SAMPLE])
    waiting = rows.filter(status=Status.NEW).order_by()
    return Times(
        _median(made - first for first, made, _a, _c in newest if first),
        _median(taken - made for _f, made, taken, _c in newest if taken),
        _median(closed - made for _f, made, _a, closed in newest if closed),
        waiting.count(),
        waiting.order_by("made").values_list("made", flat=True).first(),
    )


def _median(spans: Iterable[timedelta]) -> timedelta | None:
    seconds = [max(each.total_seconds(), 0.0) for each in spans]
    return timedelta(seconds=round(median(seconds))) if seconds else None


@dataclass(frozen=True, slots=True)
class Source:
    """A constituent and when its last file was read; `silent` when that is longer ago than it may be."""

    constituent: Constituent
    last: datetime | None
    silent: bool


def sources(user: Any) -> list[Source]:
    """Constituents in the user's sight, the silent ones first, those that never delivered before all."""
    now = timezone.now()
    found = []
    last = dict(
        door.visible(user, SourceFile.objects.exclude(ended=None)).order_by("ended").values_list("constituent", "ended")
    )
    for row in door.constituents(user, "situation.see"):
        at = last.get(row.pk)
        silent = at is None or now - at > timedelta(hours=row.silent_after)
        found.append(Source(row, at, silent))
    return sorted(found, key=lambda each: (not each.silent, each.last is not None, each.last, each.constituent.name))


def health(user: Any) -> Any:
    """What is wrong with the centre and not put right yet."""
    return door.visible(user, Health.objects.filter(until=None)).select_related("constituent")[:20]


def cases(user: Any) -> list[tuple[str, int]]:
    """Cases by state."""
    rows = door.visible(user, Case.objects.all()).order_by()
    counts = {row["state"]: row["n"] for row in rows.values("state").annotate(n=Count("pk"))}
    return [(str(state.label), counts.get(state.value, 0)) for state in State]


@dataclass(frozen=True, slots=True)
class Tactic:
    """A tactic of ATT&CK: its techniques that some rule looks for, those of them whose rules had events of their
    logsource lately, and those that fired; and how many techniques it has in all."""

    name: str
    all: int
    rules: int
    data: int
    fired: int


def coverage(user: Any) -> list[Tactic]:
    """ATT&CK by tactic: techniques × rules × data × fired, over DAYS days.

    "Data" means that a rule of the technique is for a product from which events came that some rule hit, within the
    reader's sight: it says that logs of the kind arrive, not that they are complete.
    """
    looked = _looked(rules.stamp())
    since = timezone.now() - timedelta(days=DAYS)
    groups = door.visible(user, AlertGroup.objects.filter(last__gte=since)).order_by()
    # Of each rule one group, and of that its newest alert, stands for all: there are a hundred thousand alerts.
    newest = [row["newest"] for row in groups.values("rule_id").annotate(newest=Max("pk"))[:_SAMPLE]]
    keys = AlertGroup.objects.filter(pk__in=newest).values_list("key", flat=True)
    alerts = door.visible(user, Alert.objects.filter(group__in=list(keys))).order_by()
    shown = Alert.objects.filter(pk__in=[row["newest"] for row in alerts.values("group").annotate(newest=Max("pk"))])
    fired: Counter[str] = Counter()
    products: set[str] = set()
    for tags, detail in shown.values_list("tags", "detail__logsource").distinct():
        fired.update(_techniques(tags))
        if isinstance(detail, dict) and detail.get("product"):
            products.add(str(detail["product"]))
    table = attack()
    found = []
    for _id, name in table.tactics:
        mine = {each for each, (_title, tactics) in table.techniques.items() if name in tactics}
        ruled = {each for each in mine if each in looked}
        data = {each for each in ruled if looked[each] & products}
        found.append(Tactic(name, len(mine), len(ruled), len(data), len({each for each in mine if fired[each]})))
    return found


@lru_cache(maxsize=2)
def _looked(_stamp: tuple[int, int]) -> dict[str, frozenset[str]]:
    """Technique → products of the rules that look for it. Read anew when a rule's file changed."""
    found: dict[str, set[str]] = defaultdict(set)
    for path, text in read_texts(rules.paths("", "")):
        for document in parse(path, text).documents:
            if not isinstance(document, Filter):
                logsource = getattr(document, "logsource", None)
                for technique in _techniques(document.meta.tags):
                    found[technique].add((logsource.product if logsource else None) or "")
    return {technique: frozenset(products) for technique, products in found.items()}


def _techniques(tags: Sequence[Any]) -> list[str]:
    """Ids of techniques among Sigma tags: attack.t1059.001 → T1059.001."""
    told = (str(tag).lower() for tag in tags or ())
    return [tag[7:].upper() for tag in told if tag.startswith("attack.t") and tag[8:9].isdigit()]
