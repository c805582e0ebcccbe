"""How serious a leak is: ENISA's severity of personal data breaches, a proposal that the data protection officer signs.

SE = DPC × EI + CB, after ENISA, "Recommendations for a methodology of the assessment of severity of personal data
breaches", working document v1.0, December 2013. DPC (1 … 4): what the data tells, in its context. EI (0.25 … 1): how
easily it leads to persons. CB: circumstances, 0 … 0.5 each for confidentiality, integrity, availability and malice.
Below 2 low, below 3 medium, below 4 high, else very high. Each input says who set it and why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from kulla.leaks.trace import Trace

Level = Literal["low", "medium", "high", "very_high"]
Name = Literal["dpc", "ei", "confidentiality", "integrity", "availability", "malice"]

PROPOSED: Final = "proposed"
"""The author of an input that Kulla proposes."""
MANY: Final = 100
"""More persons than this are a flag of their own."""

_BASE: Final = (("sensitive", 4.0, ("special",)), ("financial", 3.0, ("money", "iban")))
"""What data weighs by its kind, the gravest first. What no kind names is simple data, 1. No meaning of a register's
column tells of conduct by itself (2): that is a matter of context."""
_OUTRIGHT: Final = frozenset({"national_id", "phone"})
_NAMES: Final = frozenset({"name", "given_name", "family_name"})
_EFFORT: Final = frozenset({"email", "plate", "iban", "name"})
_HINTS: Final = frozenset({"given_name", "family_name", "birth_date", "address", "employer", "employer_id", "office"})
_RANGES: Final[Mapping[str, tuple[float, ...]]] = {
    "dpc": (1.0, 2.0, 3.0, 4.0),
    "ei": (0.25, 0.5, 0.75, 1.0),
    "confidentiality": (0.0, 0.25, 0.5),
    "integrity": (0.0, 0.25, 0.5),
    "availability": (0.0, 0.25, 0.5),
    "malice": (0.0, 0.5),
}
CONTEXT: Final = ("volume", "vulnerable", "controller", "public", "old", "less")
"""Why DPC may move: upwards for the first three, downwards for the others."""


@dataclass(frozen=True, slots=True)
class Leaked:
    """What the severity depends on.

    Attributes:
        meanings: of the recognised columns (registers.manifest); special ones as `special:<category>`.
        certain, probable: persons; None for fewer than can be told.
        recipients: who got it: `none` known to have read it, `known` ones, or an `unknown` number.
        malicious: taken or passed on to harm or to profit.
        register: whether values in the register itself were `untouched`, changed `recoverable`, or `lost`.
        access: whether the register stayed `up`, was `down` for a time, or data is `gone`.
        context: (reason of CONTEXT, change) of DPC.
        unintelligible: whether the data says nothing to whoever holds it.
    """

    meanings: tuple[str, ...]
    certain: int | None
    probable: int | None = 0
    recipients: Literal["none", "known", "unknown"] = "unknown"
    malicious: bool = False
    register: Literal["untouched", "recoverable", "lost"] = "untouched"
    access: Literal["up", "down", "gone"] = "up"
    context: tuple[tuple[str, float], ...] = ()
    unintelligible: bool = False


@dataclass(frozen=True, slots=True)
class Override:
    """An input as a person sets it, in place of what is proposed."""

    name: Name
    value: float
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Factor:
    """One input. author: `proposed` or a person's name; reasons: statements by key, as a report says them."""

    name: Name
    value: float
    author: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Assessment:
    """The proposal. flags: `many` persons, `unintelligible` data, `unlinked`: few certain, more probable."""

    factors: tuple[Factor, ...]
    score: float
    level: Level
    flags: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """As the trace holds it."""
        return asdict(self)


def facts_of(trace: Trace, **circumstances: Any) -> Leaked:
    """What a trace tells; circumstances are the other attributes of `Leaked`."""
    found: dict[str, None] = {}
    for table in trace.tables:
        for column in table.columns:
            meaning = str(column.get("meaning") or "other")
            found[f"special:{column.get('category') or ''}" if meaning == "special" else meaning] = None
    counts = trace.persons.values()
    certain, probable = (_sum([each.get(key, 0) for each in counts]) for key in ("certain", "probable"))
    return Leaked(tuple(found), certain, probable, **circumstances)


def assess(leaked: Leaked, overrides: Sequence[Override] = ()) -> Assessment:
    """The severity, every input proposed from `leaked` unless overridden.

    Raises ValueError for a value that the method does not know, a reason of context that is none, or an override
    without author or reason.
    """
    proposed: dict[str, Factor] = {
        factor.name: factor for factor in (_dpc(leaked), _ei(leaked), *_circumstances(leaked))
    }
    for override in overrides:
        proposed[override.name] = _overridden(override)
    factors = tuple(proposed.values())
    values = {factor.name: factor.value for factor in factors}
    circumstances = sum(value for name, value in values.items() if name not in ("dpc", "ei"))
    score = round(values["dpc"] * values["ei"] + circumstances, 4)
    return Assessment(factors, score, level(score), tuple(_flags(leaked)))


def level(score: float) -> Level:
    """The level of a severity.

    >>> [level(score) for score in (1.99, 2, 3, 4)]
    ['low', 'medium', 'high', 'very_high']
    """
    if score < 2:
        return "low"
    if score < 3:
        return "medium"
    return "high" if score < 4 else "very_high"


def _dpc(leaked: Leaked) -> Factor:
    kinds = [meaning.partition(":")[0] for meaning in leaked.meanings]
    kind, base, telling = "simple", 1.0, leaked.meanings
    for name, value, meanings in _BASE:
        if set(kinds) & set(meanings):
            kind, base = name, value
            telling = tuple(m for m in leaked.meanings if m.partition(":")[0] in meanings)
            break
    reasons = [f"as.dpc.{kind}|meanings={','.join(telling)}" if telling else "as.dpc.none"]
    moved = base
    for reason, change in leaked.context:
        if reason not in CONTEXT:
            raise ValueError(f"context {reason}: must be one of {', '.join(CONTEXT)}")
        if not change or (change > 0) != (CONTEXT.index(reason) < 3):
            raise ValueError(f"context {reason}: moves the value the other way, or not at all")
        moved += change
        reasons.append(f"context.{reason}|change={change:+g}")
    kept = min(max(moved, 1.0), 4.0)
    if kept != moved:
        reasons.append("context.capped")
    if "plate" in kinds and kept == 1.0:
        # ENISA leaves it open whether a vehicle tells of wealth and habits: both are told.
        reasons.append("as.dpc.plate")
    return Factor("dpc", kept, PROPOSED, tuple(reasons))


def _ei(leaked: Leaked) -> Factor:
    held = {meaning.partition(":")[0] for meaning in leaked.meanings}
    further = held - _NAMES - {"other", "code", "date", "period", "special"}
    whole = "name" in held or {"given_name", "family_name"} <= held
    if held & _OUTRIGHT or (whole and further):
        grade, value, telling = "maximum", 1.0, held & (_OUTRIGHT | _NAMES)
    elif whole or held & _EFFORT or {"birth_date", "address"} <= held:
        grade, value, telling = "significant", 0.75, held & (_EFFORT | _HINTS)
    elif held & _HINTS:
        grade, value, telling = "limited", 0.5, held & _HINTS
    else:
        return Factor("ei", 0.25, PROPOSED, ("as.ei.negligible",))
    return Factor("ei", value, PROPOSED, (f"as.ei.{grade}|meanings={','.join(sorted(telling))}",))


def _circumstances(leaked: Leaked) -> tuple[Factor, ...]:
    lost = {"none": 0.0, "known": 0.25, "unknown": 0.5}[leaked.recipients]
    changed, kept = {"untouched": (0.0, "none"), "recoverable": (0.25, "recoverable"), "lost": (0.5, "lost")}[
        leaked.register
    ]
    down, how = {"up": (0.0, "none"), "down": (0.25, "temporary"), "gone": (0.5, "permanent")}[leaked.access]
    intent = (0.5, "some") if leaked.malicious else (0.0, "none")
    return (
        Factor("confidentiality", lost, PROPOSED, (f"as.confidentiality.{leaked.recipients}",)),
        Factor("integrity", changed, PROPOSED, (f"as.integrity.{kept}",)),
        Factor("availability", down, PROPOSED, (f"as.availability.{how}",)),
        Factor("malice", intent[0], PROPOSED, (f"as.malice.{intent[1]}",)),
    )


def _overridden(override: Override) -> Factor:
    known = _RANGES.get(override.name)
    if known is None:
        raise ValueError(f"{override.name}: no input of the method; it has {', '.join(_RANGES)}")
    whole = known if override.name != "dpc" else (override.value,) if 1 <= override.value <= 4 else ()
    if override.value not in whole:
        raise ValueError(f"{override.name}: {override.value:g} is no value of the method")
    author, reason = (text.replace("|", "/").strip() for text in (override.author, override.reason))
    if not author or not reason:
        raise ValueError(f"{override.name}: an override needs an author and a reason")
    return Factor(override.name, override.value, author, (f"as.override|author={author}|reason={reason}",))


def _flags(leaked: Leaked) -> list[str]:
    flags = ["many"] if leaked.certain is not None and leaked.certain > MANY else []
    if not flags and (leaked.probable is None or leaked.probable > 0):
        flags.append("unlinked")
    return flags + (["unintelligible"] if leaked.unintelligible else [])


def _sum(counts: Sequence[int | None]) -> int | None:
    """The sum of those that are told; None when there are some and none is."""
    told = [count for count in counts if count is not None]
    return sum(told) if told or not counts else None
