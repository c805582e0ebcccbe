"""How far an innocent account's score can rise, from leaks that no logged read made."""

from kulla.leaks.calibrate.calibrate import bounded, calibrate
from kulla.leaks.calibrate.calibration import Calibration, Cell, cells_near, margin_for, read_calibration

__all__ = ["Calibration", "Cell", "bounded", "calibrate", "cells_near", "margin_for", "read_calibration"]
