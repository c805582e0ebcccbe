"""Municipalities, offices and addresses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from kulla.registers.meanings._api import Proposal, Sample, of, said, scored

MUNICIPALITIES: Final = frozenset(
    """
    belsh,berat,bulqize,cerrik,delvine,devoll,diber,dimal,divjake,dropull,durres,elbasan,fier,finiq,fushe arrez,
    gjirokaster,gramsh,has,himare,kamez,kavaje,kelcyre,klos,kolonje,konispol,korce,kruje,kucove,kukes,kurbin,lezhe,libohove,librazhd,
    lushnje,malesi e madhe,maliq,mallakaster,mat,memaliaj,mirdite,patos,peqin,permet,pogradec,polican,prrenjas,puke,
    pustec,roskovec,rrogozhine,sarande,selenice,shijak,shkoder,skrapar,tepelene,tirane,tropoje,vau i dejes,vlore,vore
    """.replace("\n", "").replace("    ", "").split(",")
)  # fmt: skip
"""The 61 municipalities of Albania since 2015 (Law 115/2014), folded, indefinite forms."""

_STREET = re.compile(
    r"\b(rruga|rr|lagjja|lagja|lgj|bulevardi|blv|pallati|pll|hyrja|fshati|sheshi|street|road|via|nr)\b"
)


class Municipalities:
    """Names of Albania's municipalities, definite or indefinite; else few words under a telling name."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called(
            "municipality", "bashkia", "komuna", "qyteti", "city", "town", "commune", "rrethi", "qark"
        )
        known = sum(1 for value in sample.folded if _indefinite(value) in MUNICIPALITIES)
        words = sample.count(lambda v: not any(c.isdigit() for c in v) and len(v) < 40)
        share = max(sample.share(known), 0.8 * sample.share(words) if named else 0.0)
        if share >= 0.5:
            parts = [of(known, sample, "are municipalities of Albania")]
            yield Proposal("municipality", scored(share, named, 0.95), said(parts, named))


class Offices:
    """Offices: only a telling name shows them."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        if sample.called("office", "zyra", "dega", "branch", "njesia", "sektori", "station", "qendra"):
            few = len(sample.values) <= max(20, len(sample.rows) / 2)
            parts = [f"{len(sample.values)} different values in {len(sample.rows)} rows"]
            yield Proposal("office", 0.9 if few else 0.5, said(parts, True))


class Addresses:
    """Addresses: words for streets and quarters in them."""

    def propose(self, sample: Sample) -> Iterable[Proposal]:
        named = sample.called("address", "adresa", "adrese", "vendbanimi", "residence", "street", "rruga")
        streets = sum(1 for value in sample.folded if _STREET.search(value))
        share = max(sample.share(streets), 0.75 if named and sample.values else 0.0)
        if share >= 0.4:
            parts = [of(streets, sample, "hold a word for a street, quarter or house")]
            yield Proposal("address", scored(share, named, 0.9), said(parts, named))


def _indefinite(name: str) -> str:
    """Tirana → tirane, Durrësi → durres, Vlora → vlore: the form of `MUNICIPALITIES`, as far as endings tell."""
    for form in (name, name.removesuffix("a") + "e", name.removesuffix("i"), name.removesuffix("ja") + "je"):
        if form in MUNICIPALITIES:
            return form
    return name
