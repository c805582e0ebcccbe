"""Leaked files read: any common form of table to tables of text, in a confined process; what they say of themselves."""

from kulla.leaks.intake.take import take, take_all

__all__ = ["take", "take_all"]
