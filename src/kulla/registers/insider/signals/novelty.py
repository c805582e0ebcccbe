"""First use of a statement, a tool or a computer: predicates never used before by the account, and by few peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kulla.registers.insider.baseline import ENOUGH
from kulla.registers.insider.facts import Floats
from kulla.registers.insider.known import Codes, Known
from kulla.registers.insider.signals._api import Words
from kulla.registers.insider.today import Today

HIDDEN = 1000
"""What a read of unknown extent weighs, in persons: a first use that hides how much it took is no small one."""

NEW = 20
"""Days in which everything is new; they would teach that first uses are common."""

Thing = Literal["template", "tool", "client"]


@dataclass(frozen=True)
class FirstUse:
    """How few of the role's accounts have used what the account uses for the first time.

    With f of n peers: -log10((f + 0.5) / (n + 1)), at most 3, and half a unit more for each factor of ten of persons
    read with it. A computer is no peer's: its rarity is that the account never changed its own.
    """

    name: str
    thing: Thing
    title: str
    learnt: bool = True

    def measure(self, today: Today) -> Floats:
        """The rarest first use of each account; 0 without one."""
        if today.state.days < NEW:
            return np.full(len(today.rows), np.nan)
        found = np.zeros(len(today.rows))
        rarities: dict[tuple[object, int], float] = {}
        for subject, code, persons in self._new(today):
            whose = subject if self.thing == "client" else today.roles[subject], code
            if whose not in rarities:
                rarities[whose] = self._rarity(today, subject, code)
            found[subject] = max(found[subject], rarities[whose] + np.log10(1 + persons) / 2)
        # To a new account everything is new: it is told by what its peers use, but for the computer, which is its own.
        spoken = today.judged & ((today.own.days >= ENOUGH) | (self.thing != "client"))
        return np.where(spoken, found, np.nan)

    def words(self, today: Today, at: int) -> Words:
        """What is new, how many peers know it, and the persons read with it."""
        new = [(code, persons) for subject, code, persons in self._new(today) if subject == at]
        persons = int(self._seen(today, at, [code for code, _ in new]))
        users, peers = self._users(today, at, new[0][0]) if new else (0, 0)
        base = f"none in its {int(today.own.days[at])} active days"
        also = f"; {users} of {peers} accounts of its role use it" if self.thing != "client" else ""
        return Words(
            f"first use of {len(new)} {self.title}, by which {persons:,} persons were read",
            base + also,
            "a new version of the application, new equipment, or a task that needs it",
            persons,
        )

    def _seen(self, today: Today, at: int, new: list[int]) -> int:
        """Persons known to be read with the new codes."""
        facts = today.facts
        mine = (facts.read_subject == at) & np.isin(self._codes(today), np.array(new, np.uint64))
        return int(facts.read_persons[mine].sum())

    def _new(self, today: Today) -> list[tuple[int, int, int]]:
        """(subject, code, persons) of first uses today, reads covered whole by an explanation left out."""
        facts, known = today.facts, self._known(today)
        read = np.flatnonzero(~facts.cleared)
        codes = self._codes(today)[read]
        fresh = ~known.knows(today.rows[facts.read_subject[read]], codes)
        persons = np.where(facts.read_hidden[read], HIDDEN, facts.read_persons[read])
        subjects, codes, persons = facts.read_subject[read][fresh], codes[fresh], persons[fresh]
        total: dict[tuple[int, int], int] = {}
        for subject, code, count in zip(subjects.tolist(), codes.tolist(), persons.tolist(), strict=True):
            total[subject, code] = total.get((subject, code), 0) + count
        return [(subject, code, count) for (subject, code), count in total.items()]

    def _rarity(self, today: Today, subject: int, code: int) -> float:
        if self.thing == "client":
            used = int((self._known(today).code[today.rows[subject]] != 0).sum())
            return float(np.log10(1 + today.own.days[subject] / (1 + used)))
        users, peers = self._users(today, subject, code)
        return min(3.0, -float(np.log10((users + 0.5) / (peers + 1))))

    def _users(self, today: Today, subject: int, code: int) -> tuple[int, int]:
        peers = today.company[today.roles[subject]]
        return self._known(today).users(peers, code), len(peers)

    def _known(self, today: Today) -> Known:
        return {"template": today.state.templates, "tool": today.state.tools, "client": today.state.clients}[self.thing]

    def _codes(self, today: Today) -> Codes:
        facts = today.facts
        return {"template": facts.read_template, "tool": facts.read_tool, "client": facts.read_client}[self.thing]


FIRST_TEMPLATE = FirstUse("first_statement", "template", "kinds of statement")
FIRST_TOOL = FirstUse("first_tool", "tool", "tools")
FIRST_CLIENT = FirstUse("first_computer", "client", "computers")
