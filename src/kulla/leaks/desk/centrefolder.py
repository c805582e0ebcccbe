"""Where things lie in a centre's folder, as far as tracing needs it.

    centre/centre.toml
    centre/registers/<name>/{manifest.toml,accounts.parquet,imprint/,reads/,calibration.json}
    centre/traces/runs.jsonl         every run, chained by hashes; never rewritten
    centre/traces/<leak>/            reports and packages, when no other place is named

Keys never lie in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.desk.describing import ACCOUNTS, MANIFEST
from kulla.registers.desk.receiving import CENTRE
from kulla.registers.manifest import Manifest, read_manifest


@dataclass(frozen=True, slots=True)
class CentreRegister:
    """One register as the centre keeps it."""

    path: Path

    @property
    def imprint(self) -> Path:
        """The folder of the imprint's parts, after the centre's step."""
        return self.path / "imprint"

    @property
    def reads(self) -> Path:
        """The folder of the reads."""
        return self.path / "reads"

    @property
    def calibration(self) -> Path:
        """What `kulla leak calibrate` found."""
        return self.path / "calibration.json"

    def read(self) -> Manifest:
        """The manifest as its owner delivered it. Raises InputError, ConfigError."""
        path = self.path / MANIFEST
        try:
            return read_manifest(path.read_text("utf-8"), str(path))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}; receive the register anew") from None

    def pooled(self) -> frozenset[str]:
        """Accounts behind which several people act; none known without a list of accounts."""
        path = self.path / ACCOUNTS
        if not path.exists():
            return frozenset()
        try:
            table = pq.read_table(path, columns=["account", "pooled"])
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{path}: cannot be read ({type(error).__name__}); receive the register anew") from None
        return frozenset(
            account
            for account, pooled in zip(table["account"].to_pylist(), table["pooled"].to_pylist(), strict=True)
            if pooled
        )


@dataclass(frozen=True, slots=True)
class CentreFolder:
    """A centre's folder."""

    path: Path

    @property
    def runs(self) -> Path:
        """The log of runs."""
        return self.path / "traces" / "runs.jsonl"

    def traces(self, leak: str) -> Path:
        """Where what is made of a leak goes by default."""
        return self.path / "traces" / leak[:16]

    def register(self, name: str) -> CentreRegister:
        """One register, whether it is there or not."""
        return CentreRegister(self.path / "registers" / name)

    def names(self) -> tuple[str, ...]:
        """The registers that have an imprint here, sorted."""
        return tuple(sorted({path.parent.parent.name for path in self.path.glob("registers/*/imprint/*.parquet")}))

    def check(self) -> None:
        """Raise InputError unless this is a centre's folder with at least one register imprinted."""
        if not (self.path / CENTRE).exists():
            raise InputError(f"{self.path}: no centre's folder (it has no {CENTRE}); make one: kulla register receive")
        if not self.names():
            raise InputError(
                f"{self.path}: no register is imprinted here; its owner runs kulla register imprint, then the centre"
                " kulla register receive OUTBOX"
            )
