"""The centre's step: an imprint as it comes from the owner becomes what the centre keeps.

The centre's folder mirrors the outbox by the parts' names: new parts are turned, parts that are gone go here too. So an
erasure or a compaction at the owner's takes effect at the centre with the next delivery.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from kulla.registers.desk.imprintparts import parts_in, write_part
from kulla.registers.imprint import as_outer_table
from kulla.registers.imprintformat import as_outer, require_same
from kulla.registers.keyfile import KeyFile
from kulla.registers.keys import centre_key


def take_imprint(delivered: Path, kept: Path, key: KeyFile) -> tuple[int, int]:
    """Turn the delivered parts that are new; how many parts were taken, and how many dropped.

    delivered: the imprint folder of an outbox; kept: the centre's `registers/<name>/imprint`; key: the centre's.
    Raises InputError, ConfigError for parts that are damaged, had the step already, or do not go with each other.
    """
    incoming, there = parts_in(delivered), {path.name for path in kept.glob("part-*.parquet")}
    outer_key = centre_key(key.secret())
    taken = 0
    for part in incoming:
        if part.path.name in there:
            continue
        info = as_outer(part.info, key.id, key.current)
        write_part(kept, info, (as_outer_table(chunk, info, outer_key) for chunk in part.chunks()))
        taken += 1
    gone = there - {part.path.name for part in incoming}
    for name in gone:
        (kept / name).unlink()
    if incoming and (now := parts_in(kept)):
        expected = as_outer(incoming[-1].info, key.id, key.current)
        for part in now:
            require_same(replace(expected, part=part.info.part), part.info, str(part.path))
    return taken, len(gone)
