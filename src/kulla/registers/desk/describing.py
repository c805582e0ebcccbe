"""What an outbox says of itself, so that the centre can use what lies in it.

outbox/manifest.toml     the manifest without the connection; written with each imprint
outbox/accounts.parquet  the staff list's accounts: role, office, whether pooled; written with imprint and reads
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from kulla.errors import InputError
from kulla.registers.desk.recordmap import replaced
from kulla.registers.folder import RegisterFolder, made
from kulla.registers.manifest import Manifest, manifest_text
from kulla.registers.schema import STAFF

MANIFEST: Final = "manifest.toml"
ACCOUNTS: Final = "accounts.parquet"

_ACCOUNT: Final = ("account", "role", "office", "administrator", "pooled", "job")


def describe(folder: RegisterFolder, manifest: Manifest) -> None:
    """Put into the outbox what the centre needs to know of a register: its manifest, but for the connection, and the
    accounts of its staff list."""
    with replaced(made(folder.outbox) / MANIFEST) as waiting:
        waiting.write_text(manifest_text(replace(manifest, connection="")), "utf-8")
    list_accounts(folder)


def list_accounts(folder: RegisterFolder) -> int:
    """Put the staff list's accounts into the outbox, without remits and dates; how many, 0 without a staff list."""
    staff = folder.context / "staff.parquet"
    if not staff.exists():
        return 0
    try:
        table = pq.read_table(staff, columns=STAFF.names).cast(STAFF).select(list(_ACCOUNT))
    except (pa.ArrowException, KeyError) as error:
        raise InputError(f"{staff}: not a staff list ({type(error).__name__}); write it anew") from None
    table = table.group_by(list(_ACCOUNT)).aggregate([]).sort_by("account")
    with replaced(made(folder.outbox) / ACCOUNTS) as waiting:
        pq.write_table(table, waiting, compression="zstd")
    return len(table)
