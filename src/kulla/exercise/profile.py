"""A profile: the habits of an exercise's registers and staff, read from TOML.

    schema = 1
    about = "what this country is like, in a sentence"
    [registers]           # names of kulla.exercise.habits.RegisterHabits
    [staff]               # names of kulla.exercise.staffhabits.StaffHabits
    [[staff.role]]        # names of RoleHabits; replaces the roles as a whole

Profiles that ship lie in `profiles/`. They were written before any detector was tuned; a changed one is a new one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import resources
from typing import Any, TypeVar

from kulla.errors import ConfigError
from kulla.exercise.habits import RegisterHabits
from kulla.exercise.staffhabits import RoleHabits, StaffHabits

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Profile:
    """The habits of one exercise country.

    Attributes:
        name: the file's name without `.toml`.
        about: what it is like, in a sentence.
        registers: how the registers change.
        staff: what the staff does.
    """

    name: str
    about: str = ""
    registers: RegisterHabits = field(default_factory=RegisterHabits)
    staff: StaffHabits = field(default_factory=StaffHabits)


def names() -> tuple[str, ...]:
    """The profiles that ship, sorted."""
    files = resources.files("kulla.exercise").joinpath("profiles").iterdir()
    return tuple(sorted(each.name.removesuffix(".toml") for each in files if each.name.endswith(".toml")))


@cache
def shipped(name: str) -> Profile:
    """A profile that ships, by name. Raises ConfigError for another name, listing those there are."""
    if name not in names():
        raise ConfigError(f"profile {name!r}: there is none; known are {', '.join(names())}")
    text = resources.files("kulla.exercise").joinpath("profiles", f"{name}.toml").read_text("utf-8")
    return read_profile(text, name, f"profiles/{name}.toml")


def read_profile(text: str, name: str, place: str) -> Profile:
    """The profile in a TOML text. Raises ConfigError naming `place` and the key that is wrong.

    >>> read_profile('schema = 1\\n[staff]\\nvolume = 0.1', "quiet", "quiet.toml").staff.volume
    0.1
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{place}: not TOML: {error}") from error
    if table.pop("schema", None) != SCHEMA:
        raise ConfigError(f"{place}: schema must be {SCHEMA}")
    staff = dict(table.pop("staff", {}))
    roles = staff.pop("role", None)
    if roles is not None:
        staff["role"] = tuple(_made(RoleHabits, each, f"{place}: staff.role") for each in roles)
    if isinstance(staff.get("registers"), dict):
        staff["registers"] = tuple((key, float(value)) for key, value in staff["registers"].items())
    registers = _made(RegisterHabits, table.pop("registers", {}), f"{place}: registers")
    about = table.pop("about", "")
    if table:
        raise ConfigError(f"{place}: unknown key {min(table)}; known are about, registers, schema and staff")
    profile = Profile(name, about, registers, _made(StaffHabits, staff, f"{place}: staff"))
    _check(profile.staff, place)
    return profile


def _made(kind: type[T], table: Mapping[str, Any], place: str) -> T:
    """A dataclass of habits out of a TOML table: names must be known, lists of the default's length and kind."""
    known = {each.name: each for each in fields(kind)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise ConfigError(f"{place}: unknown key {key}; known are {', '.join(sorted(known))}")
        values[key] = _value(value, known[key].type, f"{place}: {key}")
    try:
        return kind(**values)
    except TypeError as error:
        raise ConfigError(f"{place}: a key is missing: {error}") from error


def _value(value: Any, annotation: object, place: str) -> Any:
    wanted = str(annotation)
    if wanted.startswith("tuple"):
        if not isinstance(value, list | tuple):
            raise ConfigError(f"{place}: must be a list")
        return tuple(float(each) if isinstance(each, int) else each for each in value)
    if wanted in ("int", "float"):
        if isinstance(value, bool) or not isinstance(value, int if wanted == "int" else int | float):
            raise ConfigError(f"{place}: must be a {'whole number' if wanted == 'int' else 'number'}")
        if value < 0:
            raise ConfigError(f"{place}: must not be negative")
        return int(value) if wanted == "int" else float(value)
    if wanted == "bool" and not isinstance(value, bool):
        raise ConfigError(f"{place}: must be true or false")
    return value


def _check(habits: StaffHabits, place: str) -> None:
    if not habits.role or sum(role.share for role in habits.role) <= 0:
        raise ConfigError(f"{place}: staff.role: name at least one role with a share above 0")
    if len(habits.seasons) != 12 or len(habits.weekdays) != 7:
        raise ConfigError(f"{place}: staff: seasons must have 12 numbers, weekdays 7")
    if any(role.remit not in ("office", "region", "whole") for role in habits.role):
        raise ConfigError(f"{place}: staff.role: remit must be office, region or whole")
    for month_day in (*habits.holidays, *habits.reorganisations):
        month, _, day = str(month_day).partition("-")
        if not (month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 31):
            raise ConfigError(f"{place}: staff: a holiday or reorganisation must be written MM-DD")
