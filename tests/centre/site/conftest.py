"""A served centre with one of everything in it."""

from centreserved import filled, registered

__all__ = ["filled", "registered"]
