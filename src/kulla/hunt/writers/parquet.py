"""Findings as Apache Parquet: the columns of `hunt.hits` with their types, zstd, in time order."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.hunt.findings import Findings
from kulla.hunt.hits import HITS

GROUP_BYTES = 32 << 20


class ParquetWriter:
    """Parquet."""

    suffix = ".parquet"

    def write(self, out: BinaryIO, findings: Findings) -> None:
        gathered: list[pa.Table] = []
        with pq.ParquetWriter(out, HITS, compression="zstd") as writer:
            for table in findings.hits:
                gathered.append(table)
                if sum(part.nbytes for part in gathered) >= GROUP_BYTES:
                    writer.write_table(pa.concat_tables(gathered))
                    gathered = []
            if gathered:
                writer.write_table(pa.concat_tables(gathered))
