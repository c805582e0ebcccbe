"""Where things lie in an owner's folder, and in a centre's.

    owner/owner.toml
    owner/registers/<name>/manifest.toml
                           map/records.parquet      record key → record_no (personal: never leaves)
                           history/*.parquet        versions (personal: never leaves)
                           accesses/*.parquet       audit lines understood (personal: never leaves)
                           context/                 staff.parquet, groups.parquet, explanations.parquet, watched.parquet
                           state/                   what increments need (snapshots, seals' state, baselines)
                           outbox/imprint/*.parquet outbox/reads/*.parquet outbox/templates.parquet
                           outbox/groups.parquet    outbox/seals.jsonl outbox/findings.jsonl
    centre/registers/<name>/{manifest.toml,imprint/,reads/,seals.jsonl}

Only what lies in `outbox/` may leave the owner. Keys lie elsewhere (see `keyfile`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kulla.errors import ConfigError, InputError
from kulla.registers.manifest import Manifest, manifest_text, read_manifest


@dataclass(frozen=True, slots=True)
class RegisterFolder:
    """One register's folder on the owner's side. Folders are made when first written to (`made`)."""

    path: Path

    @property
    def manifest(self) -> Path:
        """The manifest's file."""
        return self.path / "manifest.toml"

    @property
    def map(self) -> Path:
        """Record keys and their numbers."""
        return self.path / "map"

    @property
    def history(self) -> Path:
        """Versions."""
        return self.path / "history"

    @property
    def accesses(self) -> Path:
        """Audit lines understood."""
        return self.path / "accesses"

    @property
    def context(self) -> Path:
        """Staff, remits, explanations, watched persons."""
        return self.path / "context"

    @property
    def state(self) -> Path:
        """What increments need."""
        return self.path / "state"

    @property
    def outbox(self) -> Path:
        """What may leave."""
        return self.path / "outbox"

    def read(self) -> Manifest:
        """The manifest. Raises InputError when there is none, ConfigError when it is wrong."""
        try:
            return read_manifest(self.manifest.read_text("utf-8"), str(self.manifest))
        except FileNotFoundError as error:
            raise InputError(f"{self.path}: no register here; make one with kulla register add") from error

    def write(self, manifest: Manifest) -> None:
        """Write the manifest, whole or not at all."""
        made(self.path)
        waiting = self.manifest.with_suffix(".new")
        waiting.write_text(manifest_text(manifest), "utf-8")
        waiting.replace(self.manifest)


@dataclass(frozen=True, slots=True)
class OwnerFolder:
    """An owner's folder with its registers."""

    path: Path

    def register(self, name: str) -> RegisterFolder:
        """The folder of one register, whether it exists or not. Raises ConfigError for a name that is no plain word."""
        if not name or not all(c.isalnum() or c in "-_" for c in name):
            raise ConfigError(f"register name {name!r}: use letters, digits, - and _ only")
        return RegisterFolder(self.path / "registers" / name)

    def names(self) -> tuple[str, ...]:
        """The registers declared here, sorted."""
        return tuple(sorted(p.parent.name for p in self.path.glob("registers/*/manifest.toml")))


def made(folder: Path) -> Path:
    """The folder, made if need be, readable by its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
