"""CSV that is beyond doubt (see `frames`) → columns, by Arrow's reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
from pyarrow import csv

# Arrow's reader catches Ctrl-C through a pipe, which a process forked later cannot close: it dies (pyarrow 26).
pa.enable_signal_handlers(False)


def columns(data: bytes, names: Sequence[str], kinds: Mapping[str, pa.DataType], absent: Sequence[str]) -> pa.Table:
    """The columns `kinds` names, of those the data have (`names`, all of them). Cells that are `absent` are null."""
    table = csv.read_csv(
        pa.py_buffer(data),
        csv.ReadOptions(column_names=list(names), block_size=len(data) + 1, use_threads=False),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=kinds, include_columns=[name for name in kinds if name in names], null_values=list(absent),
            strings_can_be_null=True,
        ),
    )  # fmt: skip
    return table.combine_chunks()
