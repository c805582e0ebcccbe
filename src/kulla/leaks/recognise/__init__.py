"""What of a leaked table is from a register: columns, rows, persons, and when each row stood so."""

from kulla.leaks.recognise.recognise import nothing, recognise
from kulla.leaks.recognise.register import Register

__all__ = ["Register", "nothing", "recognise"]
