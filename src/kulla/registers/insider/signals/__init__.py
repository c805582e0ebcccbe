"""The signals, one file each. Adding one: a file, a line in `SIGNALS`, a test."""

from kulla.registers.insider.signals._all import SIGNALS
from kulla.registers.insider.signals._api import CERTAIN, Signal, Words

__all__ = ["CERTAIN", "SIGNALS", "Signal", "Words"]
