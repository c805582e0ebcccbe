"""The tuple of signals."""

from __future__ import annotations

from kulla.registers.insider.signals._api import Signal
from kulla.registers.insider.signals.broken import BROKEN
from kulla.registers.insider.signals.case import WITHOUT_CASE
from kulla.registers.insider.signals.copies import COPIES
from kulla.registers.insider.signals.day import DAY
from kulla.registers.insider.signals.decoy import DECOY
from kulla.registers.insider.signals.drift import DRIFT
from kulla.registers.insider.signals.hours import OFF_HOURS
from kulla.registers.insider.signals.lists import LISTS
from kulla.registers.insider.signals.missed import MISSED
from kulla.registers.insider.signals.novelty import FIRST_CLIENT, FIRST_TEMPLATE, FIRST_TOOL
from kulla.registers.insider.signals.outside import OUTSIDE
from kulla.registers.insider.signals.peers import PEERS
from kulla.registers.insider.signals.pool import POOL
from kulla.registers.insider.signals.rolling import MONTH, QUARTER
from kulla.registers.insider.signals.steps import STEPS
from kulla.registers.insider.signals.unknown import UNKNOWN
from kulla.registers.insider.signals.watched import WATCHED

SIGNALS: tuple[Signal, ...] = (
    DAY, DRIFT, MONTH, QUARTER, PEERS, LISTS, OUTSIDE, STEPS, MISSED, OFF_HOURS, WATCHED, BROKEN, UNKNOWN,
    FIRST_TEMPLATE, FIRST_TOOL, FIRST_CLIENT, POOL, WITHOUT_CASE, COPIES, DECOY,
)  # fmt: skip
"""In the order in which an explanation names equally strong ones."""
