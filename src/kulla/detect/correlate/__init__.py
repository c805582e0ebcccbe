"""Correlation rules over the hits of other rules."""

from kulla.detect.correlate import checkpoint
from kulla.detect.correlate.correlator import Correlator, Finding
from kulla.detect.correlate.signals import Signal

__all__ = ["Correlator", "Finding", "Signal", "checkpoint"]
