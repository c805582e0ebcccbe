"""The file of values for placeholders (`--values`): what `|expand` puts in the place of `%name%`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from kulla.errors import ConfigError


def read(path: str | None) -> Mapping[str, Sequence[str]]:
    """Name → values, from TOML (by the ending .toml), YAML or JSON. A single value stands for a list of one.

    Raises ConfigError with everything that is wrong in the file.
    """
    if path is None:
        return {}
    try:
        text = Path(path).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as UTF-8 text; give --values a file of names and values") from error
    table = _toml(path, text) if path.endswith(".toml") else _yaml(path, text)
    wrong = [name for name, given in table.items() if not _fits(given)]
    if wrong:
        names = ", ".join(wrong)
        raise ConfigError(f"{path}: {names}: give each name a text, a number, or a list of these")
    return {
        name: [_text(one) for one in (given if isinstance(given, list) else [given])] for name, given in table.items()
    }


def _toml(path: str, text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is no TOML: {error}") from error


def _yaml(path: str, text: str) -> Mapping[str, object]:
    from kulla.detect.yamlines import Map, Seq, documents  # here, since few hunts need YAML of their own

    found, faults = documents(text)
    if faults:
        raise ConfigError("\n".join(f"{path}:{fault.line}: {fault.message}" for fault in faults))
    top = found[0].value if found else None
    if not isinstance(top, Map):
        raise ConfigError(f"{path}: must hold names with their values, such as `Admins: [root, postgres]`")
    return {str(name): list(given) if isinstance(given, Seq) else given for name, given in top.items()}


def _fits(given: object) -> bool:
    each = given if isinstance(given, list) else [given]
    return all(isinstance(one, str | int | float) for one in each)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
