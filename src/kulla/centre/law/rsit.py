"""Types of incidents: the Reference Security Incident Taxonomy of ENISA and TF-CSIRT, version 1003 (rsit.toml)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from kulla.centre.law.jurisdiction import LANGUAGES
from kulla.centre.law.tables import read

PERSONAL: Final = frozenset(
    f"information-content-security:{name}"
    for name in ("unauthorised-information-access", "unauthorised-information-modification", "data-loss", "data-leak")
)
"""Types with which somebody has to ask at once whether personal data are concerned."""


@dataclass(frozen=True, slots=True)
class IncidentType:
    """One type.

    Attributes:
        id: `class:type`, as a case stores it.
        name, about: language → text; class_name: of its class.
    """

    id: str
    class_name: Mapping[str, str]
    name: Mapping[str, str]
    about: Mapping[str, str]

    @property
    def tag(self) -> str:
        """The machine tag by which MISP writes the type.

        >>> find("fraud:phishing").tag
        'rsit:fraud="phishing"'
        """
        class_, _, type_ = self.id.partition(":")
        return f'rsit:{class_}="{type_}"'

    def full_name(self, language: str) -> str:
        """Class and type in words."""
        return f"{self.class_name[language]} / {self.name[language]}"


@cache
def types() -> Mapping[str, IncidentType]:
    """All types by id, in the taxonomy's order."""
    top = read((files("kulla.centre.law") / "rsit.toml").read_text("utf-8"), "rsit.toml")
    top.whole("schema"), top.whole("version")
    found: dict[str, IncidentType] = {}
    for table in top.tables("class"):
        class_, name = table.text("id"), table.spoken("name", LANGUAGES)
        for row in table.tables("type"):
            id_ = f"{class_}:{row.text('id')}"
            found[id_] = IncidentType(id_, name, row.spoken("name", LANGUAGES), row.spoken("about", LANGUAGES))
            row.done()
        table.done()
    top.done()
    top.source.finish()
    return found


def find(id_: str) -> IncidentType:
    """A type by id, or by its machine tag. Raises KeyError for what is none."""
    text = id_.removeprefix("rsit:").replace('="', ":").rstrip('"')
    return types()[text]
