"""Kulla: the open software of a national cyber-defence centre."""

__version__ = "0.1.0"
