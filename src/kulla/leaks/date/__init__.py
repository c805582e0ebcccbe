"""When a leak was taken, and of how many pieces it is."""

from kulla.leaks.date.calibration import calibrate_drops
from kulla.leaks.date.counted import counted
from kulla.leaks.date.drops import Drops, read_drops, shipped_drops
from kulla.leaks.date.mixture import Bounds, kind_of, mixture
from kulla.leaks.date.simulate import stock
from kulla.leaks.date.window import bounds, window

__all__ = [
    "Bounds",
    "Drops",
    "bounds",
    "calibrate_drops",
    "counted",
    "kind_of",
    "mixture",
    "read_drops",
    "shipped_drops",
    "stock",
    "window",
]
