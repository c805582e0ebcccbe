"""When a leak was taken, and of how many pieces it is."""

from kulla.leaks.date.calibration import calibrate_drops
from kulla.leaks.date.counted import counted
from kulla.leaks.date.drawn import Drawn, Sheet, drawn
from kulla.leaks.date.drops import Drops, read_drops, shipped_drops
from kulla.leaks.date.mixture import Bounds, kind_of, mixture, reference
from kulla.leaks.date.seams import seams
from kulla.leaks.date.simulate import stock
from kulla.leaks.date.window import bounds, told_by, window

__all__ = [
    "Bounds",
    "Drawn",
    "Drops",
    "Sheet",
    "bounds",
    "calibrate_drops",
    "counted",
    "drawn",
    "kind_of",
    "mixture",
    "read_drops",
    "reference",
    "seams",
    "shipped_drops",
    "stock",
    "told_by",
    "window",
]
