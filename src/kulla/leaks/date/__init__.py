"""When a leak was taken, and of how many pieces it is."""

from kulla.leaks.date.calibration import calibrate_drops
from kulla.leaks.date.drops import Drops, read_drops, shipped_drops
from kulla.leaks.date.mixture import Bounds, mixture
from kulla.leaks.date.simulate import stock
from kulla.leaks.date.window import window

__all__ = [
    "Bounds",
    "Drops",
    "calibrate_drops",
    "mixture",
    "read_drops",
    "shipped_drops",
    "stock",
    "window",
]
