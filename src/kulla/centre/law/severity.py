"""How serious an incident is: whether it is significant under NIS2, and how large its impact. Proposals, with reasons.

Significant: article 23(3) of Directive (EU) 2022/2555: (a) it has caused or is capable of causing severe operational
disruption of the services or financial loss for the entity; (b) it has affected or is capable of affecting other
natural or legal persons by causing considerable material or non-material damage. One of the two is enough. For DNS,
TLD, cloud, data centre, CDN, managed (security) service, marketplace, search, social network and trust service
providers, Implementing Regulation (EU) 2024/2690 gives numbers of its own: a person answers the criteria by them.

Impact: none, minor, large, very large, the levels of the NIS Cooperation Group's Cybersecurity Incident Taxonomy (July
2018: white, green, yellow, red). How to get there the Group leaves to the assessor; here each factor proposes a level
by a fixed table, and the impact is the highest of them: no sum, so that the reader sees what decided.

Every answer carries its author and reason. What nobody answered is open and is said to be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, cast, get_args

Criterion = Literal["disruption", "financial_loss", "others_affected"]
CRITERIA: Final[tuple[Criterion, ...]] = get_args(Criterion)
"""Article 23(3): (a) severe operational disruption, (a) financial loss, (b) considerable damage to others."""

Answer = Literal["caused", "capable", "no"]
ANSWERS: Final[tuple[Answer, ...]] = get_args(Answer)
"""It has caused it; it is capable of causing it; neither."""

PROPOSED: Final = "proposed"
"""The author of an answer that Kulla proposes."""

Impact = Literal["none", "minor", "large", "very_large"]
IMPACTS: Final[tuple[Impact, ...]] = get_args(Impact)
COLOURS: Final[Mapping[Impact, str]] = dict(zip(IMPACTS, ("white", "green", "yellow", "red"), strict=True))
"""The Cooperation Group's names of the levels."""

FACTORS: Final[Mapping[str, Mapping[str, Impact]]] = {
    "service": {"none": "none", "degraded": "minor", "interrupted": "large", "essential_interrupted": "very_large"},
    "spread": {"contained": "minor", "entity": "large", "several_entities": "very_large"},
    "users": {"none": "none", "under_1000": "minor", "under_100000": "large", "over_100000": "very_large"},
    "data": {"none": "none", "internal": "minor", "personal": "large", "special_or_mass": "very_large"},
    "recovery": {"done": "none", "within_a_day": "minor", "within_a_week": "large", "longer_or_never": "very_large"},
    "attacker": {"none": "none", "outside": "minor", "inside": "large", "inside_privileged": "very_large"},
    "safety": {"none": "none", "indirect": "large", "life_or_health": "very_large"},
}
"""Factor → choice → the level that it proposes. service: what the users notice. spread: how far it reached. users: how
many are affected. data: what others have or changed. recovery: until normal work. attacker: where they stand now.
safety: of persons."""


@dataclass(frozen=True, slots=True)
class Input:
    """An answer to one criterion or factor. author: who gave it, PROPOSED for Kulla; reason: why.

    Raises ValueError for a name or value that is none, or without author or reason.
    """

    name: str
    value: str
    author: str
    reason: str

    def __post_init__(self) -> None:
        allowed: Iterable[str] = ANSWERS if self.name in CRITERIA else FACTORS.get(self.name, ())
        if not allowed:
            raise ValueError(f"{self.name}: must be one of {', '.join((*CRITERIA, *FACTORS))}")
        if self.value not in allowed:
            raise ValueError(f"{self.name}: must be one of {', '.join(allowed)}")
        if not self.author.strip() or not self.reason.strip():
            raise ValueError(f"{self.name}: an answer needs its author and its reason")


@dataclass(frozen=True, slots=True)
class Severity:
    """A proposal.

    Attributes:
        significant: yes, no, or `open` as long as an unanswered criterion could still make it so.
        criteria: those that make it significant, with `caused` or `capable` in their inputs.
        impact: None when no factor was answered; decided_by: the factors that propose this level.
        open: criteria and factors that nobody answered.
        inputs: all answers.
    """

    significant: Literal["yes", "no", "open"]
    criteria: tuple[Criterion, ...]
    impact: Impact | None
    decided_by: tuple[str, ...]
    open: tuple[str, ...]
    inputs: tuple[Input, ...]

    def plain(self) -> dict[str, Any]:
        """As stored: JSON's values."""
        return asdict(self)


def severity(inputs: Iterable[Input]) -> Severity:
    """The proposal that follows from answers. Of two answers to the same question the later in order counts.

    >>> told = severity([Input("disruption", "capable", "N. N.", "the directory service is down")])
    >>> told.significant, told.criteria, told.impact
    ('yes', ('disruption',), None)
    """
    answers = {each.name: each for each in inputs}
    met = tuple(name for name in CRITERIA if name in answers and answers[name].value != "no")
    missing = tuple(name for name in (*CRITERIA, *FACTORS) if name not in answers)
    levels = {name: FACTORS[name][answers[name].value] for name in FACTORS if name in answers}
    impact = max(levels.values(), key=IMPACTS.index, default=None)
    return Severity(
        significant="yes" if met else "open" if set(missing) & set(CRITERIA) else "no",
        criteria=met,
        impact=impact,
        decided_by=tuple(name for name, level in levels.items() if level == impact),
        open=missing,
        inputs=tuple(answers[name] for name in (*CRITERIA, *FACTORS) if name in answers),
    )


def of(plain: Mapping[str, Any]) -> Severity:
    """From `Severity.plain`: computed anew from the answers. Raises ValueError for answers that are none."""
    rows = cast("Iterable[Mapping[str, str]]", plain.get("inputs", ()))
    return severity(Input(*(row.get(key, "") for key in ("name", "value", "author", "reason"))) for row in rows)
