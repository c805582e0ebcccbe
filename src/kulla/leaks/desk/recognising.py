"""All tables of a leak against one register after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kulla.leaks.desk.imprintindex import RegisterIndex, open_index
from kulla.leaks.desk.readlog import reads_sha256
from kulla.leaks.desk.request import Compared
from kulla.leaks.desk.site import Keyed, Site, imprint_sha256
from kulla.leaks.desk.thinning import Thinning
from kulla.leaks.leaktable import LeakFile
from kulla.leaks.plain import iso
from kulla.leaks.recognise import recognise
from kulla.leaks.trace import RegisterUsed


class Recognising:
    """Opens each register's imprint once."""

    def __init__(self, site: Site, seed: int) -> None:
        self._site, self._seed = site, seed
        self._open: dict[str, RegisterIndex] = {}

    def index(self, name: str) -> RegisterIndex:
        """A register's imprint, opened."""
        if name not in self._open:
            self._open[name] = open_index(self._site.register(name).imprint, self._site.centre_key())
        return self._open[name]

    def tables(self, name: str, key: Keyed, files: Sequence[LeakFile]) -> Iterator[Compared]:
        """Every table of the leak against the register, away from its own site thinned."""
        manifest, outer, thinning = self._site.manifest(name), self._site.outer(), Thinning()
        for number, file in enumerate(files):
            for at, table in enumerate(file.tables):
                place = f"{file.sha256}/{at}"
                matched = recognise(table, self.index(name), manifest, key.keys, outer, self._seed)
                fewer = None if self._site.at_owner else thinning.thinned(table, matched)
                if fewer is None:
                    yield Compared(number, table, matched, None, place)
                else:
                    matched = recognise(fewer, self.index(name), manifest, key.keys, outer, self._seed)
                    yield Compared(number, fewer, matched, table.rows, place)

    def used(self, name: str, key: Keyed, reads: int) -> RegisterUsed:
        """What the trace says of the register. reads: how many lie here."""
        register, manifest, index = self._site.register(name), self._site.manifest(name), self.index(name)
        copies = tuple(
            {
                "name": copy.name, "kind": copy.kind,
                "frozen_at": copy.frozen_at.isoformat() if copy.frozen_at else None,
                "reachable_by": list(copy.reachable_by), "read_log": copy.read_log,
            }
            for copy in manifest.copies
        )  # fmt: skip
        return RegisterUsed(
            name, manifest.owner, manifest.constituent, index.records, key.id, key.epoch,
            iso(index.horizon[0]) or "", iso(index.horizon[1]), index.info.reconstructed, imprint_sha256(register),
            reads_sha256(register.reads), reads, manifest.electoral, copies,
        )  # fmt: skip
