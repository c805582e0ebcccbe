"""The error tree of Kulla.

A `KullaError` is something a user can act on: its text names the file, line or record and says what to do,
and never contains a value from an event. Mistakes of ours are builtin exceptions and show as such.

    KullaError
    ├── UsageError      an option or argument that cannot be used          exit 2
    ├── ConfigError     a settings, logsource or values file that is wrong exit 2
    ├── InputError      an input that cannot be read                       exit 3
    │   └── UnsafeInput an input that would exceed a limit (bomb, timeout) exit 3
    ├── RuleError       a rule that cannot be loaded                       exit 4
    └── OutputError     a result that cannot be written                    exit 5
"""

from __future__ import annotations


class KullaError(Exception):
    """Base of every error that is reported to the user as one line.

    `exit_code` is the status with which a command ends when this error stops it.
    """

    exit_code = 1


class UsageError(KullaError):
    """An option or argument that cannot be used as given."""

    exit_code = 2


class ConfigError(KullaError):
    """A configuration file (logsource table, values file, settings) that is wrong."""

    exit_code = 2


class InputError(KullaError):
    """An input that cannot be read at all, or only in part."""

    exit_code = 3


class UnsafeInput(InputError):
    """An input refused because reading it would exceed a limit of size, memory, depth or time."""


class RuleError(KullaError):
    """A rule that cannot be loaded. Says file, line and what to do."""

    exit_code = 4


class OutputError(KullaError):
    """A result that cannot be written where it was asked for."""

    exit_code = 5
