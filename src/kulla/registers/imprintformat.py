"""The form of an imprint: Parquet columns and what the file says of itself. Versioned.

    record_no, from, to [, known_from, known_to], cell_<column> FIXED[16] …, block_<n> FIXED[16] …

One row for each version of a record. An imprint is one or more parts; a later part holds what is new, and versions
that have ended since: of rows equal but in their end, the later part's holds (see `imprint.later_wins`). A null cell
is a value that is missing. Parts of different registers, epochs, normalisers or sides never stand together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import orjson
import pyarrow as pa

from kulla.errors import ConfigError, InputError
from kulla.registers.schema import TIME

FORMAT: Final = 1

RECORD_NO, FROM, TO, KNOWN_FROM, KNOWN_TO = "record_no", "from", "to", "known_from", "known_to"
CELL: Final = "cell_"
BLOCK: Final = "block_"

Side = Literal["inner", "outer"]

_KEY: Final = b"kulla.imprint"


@dataclass(frozen=True, slots=True)
class ImprintInfo:
    """What an imprint says of itself; no personal value.

    Attributes:
        key_id, epoch: the owner's key that made it.
        normaliser: `normalise.NORMALISER_VERSION` at that time.
        columns: register columns with cells, in order.
        blocks: for `block_0`, `block_1` … the two things it is made of: `name` and a register column.
        record: the columns of the record key, by whose token cells are bound.
        part: 1 for a full imprint, then ascending; parts apply in order.
        reconstructed: whether known_from and known_to are there.
        side: `inner` as the owner ships it, `outer` as the centre stores it.
        centre_key_id, centre_epoch: the centre's key of an outer imprint.
    """

    register: str
    key_id: str
    epoch: int
    normaliser: int
    columns: tuple[str, ...]
    blocks: tuple[tuple[str, str], ...]
    record: tuple[str, ...]
    part: int = 1
    reconstructed: bool = False
    side: Side = "inner"
    centre_key_id: str = ""
    centre_epoch: int = 0
    format: int = FORMAT

    @property
    def hashed(self) -> tuple[str, ...]:
        """The names of all columns of 16 bytes."""
        return tuple(CELL + name for name in self.columns) + tuple(f"{BLOCK}{n}" for n in range(len(self.blocks)))


def imprint_schema(info: ImprintInfo) -> pa.Schema:
    """The Arrow schema of an imprint, with `info` in its metadata."""
    fields = [
        pa.field(RECORD_NO, pa.uint32(), nullable=False),
        pa.field(FROM, TIME, nullable=False),
        pa.field(TO, TIME),
    ]
    if info.reconstructed:
        fields += [pa.field(KNOWN_FROM, TIME), pa.field(KNOWN_TO, TIME)]
    fields += [pa.field(name, pa.binary(16)) for name in info.hashed]
    told = {name: getattr(info, name) for name in ImprintInfo.__dataclass_fields__}
    return pa.schema(fields, {_KEY: orjson.dumps(told)})


def imprint_info(schema: pa.Schema, place: str) -> ImprintInfo:
    """What an imprint with this schema says of itself.

    Raises InputError when it is no imprint, ConfigError when a newer Kulla wrote it.
    """
    try:
        told: dict[str, Any] = orjson.loads((schema.metadata or {})[_KEY])
    except (KeyError, orjson.JSONDecodeError) as error:
        raise InputError(f"{place}: is no imprint") from error
    if told.get("format") != FORMAT:
        raise ConfigError(f"{place}: an imprint of format {told.get('format')}; this Kulla reads format {FORMAT}")
    try:
        told["blocks"] = tuple((first, second) for first, second in told["blocks"])
        told |= {name: tuple(value) for name, value in told.items() if isinstance(value, list)}
        info = ImprintInfo(**told)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{place}: the imprint's description is damaged") from error
    if not schema.equals(imprint_schema(info)):
        raise InputError(f"{place}: the imprint's columns are not those it describes")
    return info


def require_same(first: ImprintInfo, other: ImprintInfo, place: str) -> None:
    """Raise ConfigError, naming what differs, unless both can be compared: same but for the part's number."""
    for name in ImprintInfo.__dataclass_fields__:
        if name != "part" and getattr(first, name) != getattr(other, name):
            raise ConfigError(
                f"{place}: {name} is {_said(getattr(other, name))}, but {_said(getattr(first, name))} elsewhere;"
                " make a full imprint anew"
            )


def require_key(info: ImprintInfo, key_id: str, epoch: int, place: str) -> None:
    """Raise ConfigError unless the imprint was made with this key and epoch."""
    if (info.key_id, info.epoch) != (key_id, epoch):
        raise ConfigError(
            f"{place}: made with key {info.key_id}, epoch {info.epoch}; given is key {key_id}, epoch {epoch}."
            " Use that key, or make a full imprint with this one"
        )


def as_outer(info: ImprintInfo, centre_key_id: str, centre_epoch: int) -> ImprintInfo:
    """The same imprint as the centre stores it. Raises ConfigError when it is that already."""
    if info.side != "inner":
        raise ConfigError("the imprint has had the centre's step already")
    return replace(info, side="outer", centre_key_id=centre_key_id, centre_epoch=centre_epoch)


def _said(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
