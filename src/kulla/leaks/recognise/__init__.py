"""What of a leaked table is from a register: columns, rows, persons, and when each row stood so."""

from kulla.leaks.recognise.recognise import nothing, recognise
from kulla.leaks.recognise.register import Register
from kulla.leaks.recognise.tally import duplicates, joined, persons, table_found

__all__ = ["Register", "duplicates", "joined", "nothing", "persons", "recognise", "table_found"]
