"""One pass of DuckDB over a run of JSON events: the leaves that were asked for, and which events are in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from kulla.events import duck
from kulla.events.fields import Rows
from kulla.events.jsonlayout import Doubt, Path

Mask = npt.NDArray[np.bool_]

_BRACE, _BRACKET = b"{["
_ATTRIBUTES = "#attributes"


class Plan:
    """Paths that one pass can take: no name is both leaf and object, none differ by case alone in one object."""

    def __init__(self) -> None:
        self.leaves: set[Path] = set()
        self._nodes: set[Path] = set()
        self._spelling: dict[Path, str] = {}

    def admit(self, paths: Iterable[Path]) -> bool:
        """Take all of the paths, or none when they do not fit."""
        leaves, nodes, spelling = set(self.leaves), set(self._nodes), dict(self._spelling)
        for path in paths:
            leaves.add(path)
            for end in range(1, len(path) + 1):
                if spelling.setdefault((*path[: end - 1], path[end - 1].lower()), path[end - 1]) != path[end - 1]:
                    return False
                if end < len(path):
                    nodes.add(path[:end])
        if leaves & nodes:
            return False
        self.leaves, self._nodes, self._spelling = leaves, nodes, spelling
        return True

    @property
    def nodes(self) -> list[Path]:
        """The objects that the leaves are in, outer ones first."""
        return sorted(self._nodes, key=lambda path: (len(path), path))

    def tree(self) -> dict[str, duck.Tree | None]:
        """The same as DuckDB takes it."""
        root: dict[str, duck.Tree | None] = {}
        for path in sorted(self.leaves):
            level = root
            for name in path[:-1]:
                level = level.setdefault(name, {})  # type: ignore[assignment]
            level[path[-1]] = None
        return root


class Leaf:
    """The text of one leaf over all events."""

    def __init__(self, text: pa.StringArray) -> None:
        self.text = text
        if text.null_count == len(text):
            self.present = np.zeros(len(text), np.bool_)
        else:
            self.present = text.is_valid().to_numpy(zero_copy_only=False)
        self.rows = np.flatnonzero(self.present).astype(np.int32)

    def _first_bytes(self) -> npt.NDArray[np.uint8]:
        """The first byte of each non-null text; of an empty one, whatever comes next."""
        _, offsets, data = self.text.buffers()
        if data is None or not data.size:
            return np.zeros(len(self.rows), np.uint8)
        starts = np.frombuffer(offsets, np.int32)[self.text.offset :][self.rows]
        first: npt.NDArray[np.uint8] = np.frombuffer(data, np.uint8)[np.minimum(starts, data.size - 1)]
        return first

    def _nested_rows(self) -> Rows:
        """Rows whose text may be an object or array: compact JSON, so `{"`, `{}` or `[` (a GUID begins otherwise)."""
        first = self._first_bytes()
        rows: Rows = self.rows[(first == _BRACE) | (first == _BRACKET)]
        if not len(rows):
            return rows
        texts = self.text.take(pa.array(rows))
        likely = pc.match_substring_regex(texts, r'^(\[|\{["}])').to_numpy(zero_copy_only=False)
        found: Rows = rows[likely]
        return found

    def doubtful(self, doubt: Doubt) -> Rows:
        """The rows in which the leaf is what the layout did not suppose."""
        if doubt == "present":
            return self.rows
        if doubt == "absent":
            return np.flatnonzero(~self.present).astype(np.int32)
        if doubt == "nested":
            return self._nested_rows()
        if doubt == "named":
            rows = self._nested_rows()
            marked = pc.match_substring_regex(self.text.take(pa.array(rows)), '"(#attributes|@)')
            found: Rows = rows[marked.to_numpy(zero_copy_only=False)]
            return found
        first = self._first_bytes()
        packed: Rows = self.rows[(first <= 0x20) | (first >= 0x80) | np.isin(first, np.frombuffer(b"{[<", np.uint8))]
        return packed


def extract(raw: pa.Array, plan: Plan) -> dict[Path, Leaf]:
    """The plan's leaves. Raises duck.MalformedError when a text is not JSON."""
    struct = duck.extract(raw, plan.tree())
    return {path: Leaf(array) for path, array in _walk(struct, ()) if path in plan.leaves}


def _walk(array: pa.StructArray, above: Path) -> Iterator[tuple[Path, pa.Array]]:
    for number in range(array.type.num_fields):
        path = (*above, array.type.field(number).name)
        inner = array.field(number)
        if pa.types.is_struct(inner.type):
            yield from _walk(inner, path)
        else:
            yield path, inner


def unproven(raw: pa.Array, plan: Plan, leaves: dict[Path, Leaf], known: Mask) -> Mask:
    """Events in which something on the way to a leaf is no object, so that what lies beyond was not seen.

    Where a leaf has a value, all above it are objects. The others are asked for the types on the way; `known` are
    events that need no proof.
    """
    nodes = plan.nodes
    bad = np.zeros(len(raw), np.bool_)
    open_rows = np.zeros(len(raw), np.bool_)
    for node in nodes:
        proven = known.copy()
        for path, leaf in leaves.items():
            if path[: len(node)] == node:
                proven |= leaf.present
        open_rows |= ~proven
    rows = np.flatnonzero(open_rows)
    if len(rows):
        found = dict(zip(nodes, duck.types(raw.take(pa.array(rows)), nodes), strict=True))
        for node in nodes:
            bad[rows] |= _no_object(node, found)
    return bad


def _no_object(node: Path, found: dict[Path, pa.StringArray]) -> Mask:
    fine = pc.fill_null(pc.is_in(found[node], pa.array(["OBJECT", "NULL", None])), True)
    wrong: Mask = ~fine.to_numpy(zero_copy_only=False)
    if node[-1] == _ATTRIBUTES:
        missing = pc.and_(pc.is_null(found[node]), pc.fill_null(pc.equal(found[node[:-1]], "OBJECT"), False))
        wrong = wrong | missing.to_numpy(zero_copy_only=False)
    return wrong


def element_text(leaf: Leaf) -> Leaf:
    """The leaf with `{"#attributes": {…}, "#text": 6009}` replaced by its text (EventID of classic providers).

    Only few distinct ones occur, so each is read once; those of another shape stay for the slow path.
    """
    rows = leaf.doubtful("nested")
    if not len(rows):
        return leaf
    coded = leaf.text.dictionary_encode()
    distinct = [_element_text(text) for text in coded.dictionary.to_pylist()]
    return Leaf(pa.array(distinct, pa.string()).take(coded.indices))


def _element_text(text: str) -> str:
    if not text.startswith('{"'):
        return text
    try:
        element = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    value = element.get("#text") if isinstance(element, dict) else None
    known = isinstance(value, int | str) and not isinstance(value, bool) and set(element) == {_ATTRIBUTES, "#text"}
    return str(value) if known else text


def conflicts(leaves: Sequence[Leaf]) -> Mask | None:
    """Events that have a value in more than one of the leaves; None when there are none."""
    if len(leaves) < 2:
        return None
    count = np.zeros(len(leaves[0].present), np.int8)
    for leaf in leaves:
        count += leaf.present
    return count > 1 if bool((count > 1).any()) else None
