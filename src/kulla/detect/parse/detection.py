"""The detection section: selections with their items, and the condition that joins them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kulla.detect.condition import Selections, all_of, any_of, parse_condition
from kulla.detect.modifiers import BY_NAME, Choice, Draft, Item, Phrase, Raw, scalar_text, utf16_text
from kulla.detect.pattern import normal, parse_pattern
from kulla.detect.problems import Problems
from kulla.detect.rule import Match, Node, Not, Null, Or, Test, Text, Wild
from kulla.detect.values import Expansion
from kulla.detect.yamlines import Map, Scalar, Seq, Value
from kulla.errors import RuleError

MAX_LEAVES = 20_000
"""Tests of one rule after expansion; the largest rule of SigmaHQ has 2,500."""
MAX_TEXT = 65_536

RESERVED = frozenset({"condition", "timeframe"})


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detection section says: its tree, the condition as written, the selections' names and uses."""

    tree: Node
    condition: str
    needs: tuple[str, ...]
    selections: tuple[str, ...]
    used: frozenset[str]


class _Reader:
    """Reads the selections of one detection, reporting every problem with its line."""

    def __init__(self, problems: Problems, expansion: Expansion) -> None:
        self._problems = problems
        self._expansion = expansion
        self._leaves = 0

    def selection(self, name: str, value: Value, line: int) -> Node | None:
        """The tree of one selection, or None after reporting what is wrong with it."""
        if isinstance(value, Map):
            return self._map(name, value)
        if isinstance(value, Seq):
            return self._list(name, value, line)
        return self._item(None, (), [value], line)

    def _map(self, name: str, value: Map) -> Node | None:
        if not value:
            self._problems.error(value.line, f"the selection `{name}` is empty: give it a field and a value")
            return None
        children = [self._entry(key, item, value.line_of(key)) for key, item in value.items()]
        return all_of(whole) if (whole := _complete(children)) else None

    def _list(self, name: str, value: Seq, line: int) -> Node | None:
        if not value:
            self._problems.error(line, f"the selection `{name}` is empty: give it a value")
            return None
        keywords = [(item, at) for item, at in zip(value, value.lines, strict=True) if not isinstance(item, Map | Seq)]
        children: list[Node | None] = []
        for item, at in zip(value, value.lines, strict=True):
            if isinstance(item, Map):
                children.append(self._map(name, item))
            elif isinstance(item, Seq):
                self._problems.error(at, f"a list stands in the list `{name}`: write one list")
                children.append(None)
        if keywords:
            children.append(self._item(None, (), [item for item, _ in keywords], keywords[0][1]))
        return any_of(whole) if (whole := _complete(children)) else None

    def _entry(self, key: str, value: Value, line: int) -> Node | None:
        name, *modifiers = key.split("|")
        if isinstance(value, Map):
            self._problems.error(line, f"`{key[:80]}` holds a map: write the nested field as `{name[:60]}.name`")
            return None
        values = list(value) if isinstance(value, Seq) else [value]
        scalars: list[Scalar] = [item for item in values if not isinstance(item, Map | Seq)]
        if len(scalars) < len(values):
            self._problems.error(line, f"`{key[:80]}` holds a list or map among its values: write one list of values")
            return None
        if not scalars:
            self._problems.error(line, f"`{key[:80]}` has no value: write null when the field shall be empty")
            return None
        return self._item(name or None, tuple(modifiers), scalars, line)

    def _item(self, name: str | None, modifiers: tuple[str, ...], values: list[Scalar], line: int) -> Node | None:
        unknown = [modifier for modifier in modifiers if modifier not in BY_NAME]
        if unknown:
            self._problems.error(line, f"unknown modifier `{unknown[0][:40]}`: known are {', '.join(sorted(BY_NAME))}")
            return None
        try:
            item = Item(name, tuple(Raw(value) for value in values), expansion=self._expansion)
            # `expand` goes first wherever it stands, so that the others see the values it puts in.
            for modifier in sorted(modifiers, key=lambda each: each != "expand"):
                item = BY_NAME[modifier].apply(item)
            children = [self._finish(name, value) for value in item.values]
        except RuleError as error:
            self._problems.error(line, f"{_label(name, modifiers)}: {error}")
            return None
        tree = all_of(children) if item.every else any_of(children)
        return Not(tree) if item.negated else tree

    def _finish(self, name: str | None, value: Draft) -> Node:
        if isinstance(value, Choice):
            return any_of([self._finish(name, inner) for inner in value.values])
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise RuleError(f"the rule has more than {MAX_LEAVES:,} values after expansion: split it")
        return Match(name, _keyword(value) if name is None else _test(value))


def _complete(children: Iterable[Node | None]) -> list[Node] | None:
    """The children, or None when one of them is missing because it was wrong."""
    whole = list(children)
    found = [child for child in whole if child is not None]
    return found if len(found) == len(whole) else None


def _label(name: str | None, modifiers: tuple[str, ...]) -> str:
    return f"`{'|'.join([name or '', *modifiers])[:80]}`" if name or modifiers else "keyword"


def _test(value: Raw | Phrase | Test) -> Test:
    if isinstance(value, Raw):
        return Null() if value.value is None else _text(Phrase(parse_pattern(scalar_text(value.value))))
    return _text(utf16_text(value)) if isinstance(value, Phrase) else value


def _keyword(value: Raw | Phrase | Test) -> Test:
    """A keyword stands anywhere in some value of the event, unless a modifier says where."""
    test = _test(value)
    if isinstance(test, Null):
        raise RuleError("null cannot be a keyword: write the field whose value shall be empty")
    if isinstance(test, Text) and not (isinstance(value, Phrase) and value.anchor):
        return Text(normal((Wild.MANY, *test.parts, Wild.MANY)), test.cased)
    return test


def _text(value: Phrase) -> Text:
    if sum(len(part) for part in value.parts if isinstance(part, str)) > MAX_TEXT:
        raise RuleError(f"a value is longer than {MAX_TEXT:,} characters: shorten it")
    return Text(value.parts, value.cased)


def read_selections(
    section: Map, reserved: frozenset[str], problems: Problems, expansion: Expansion
) -> dict[str, Node]:
    """The selections of a section by name. A wrong one is reported and stands in as one that is never met."""
    reader = _Reader(problems, expansion)
    selections: dict[str, Node] = {}
    for name, value in section.items():
        if name not in reserved:
            selections[name] = reader.selection(name, value, section.line_of(name)) or Or(())
    if not selections:
        problems.error(section.line, "there is no selection: add one, such as `selection:` with fields and values")
    return selections


def read_detection(
    section: Map, problems: Problems, expansion: Expansion, reserved: frozenset[str] = RESERVED
) -> Detection | None:
    """The detection of a section with selections and a `condition`, or None after reporting its problems.

    Several conditions are one `Or`.
    """
    selections = Selections(read_selections(section, reserved, problems, expansion))
    line = section.line_of("condition")
    written = section.get("condition")
    conditions = list(written) if isinstance(written, Seq) else [written]
    texts = [text for text in conditions if isinstance(text, str) and text.strip()]
    if "condition" not in section:
        problems.error(line, "the condition is missing: add `condition: selection`")
    elif len(texts) != len(conditions) or not texts:
        problems.error(line, "the condition must be text, or a list of texts")
    trees: list[Node] = []
    for text in texts:
        try:
            trees.append(parse_condition(text, selections))
        except RuleError as error:
            problems.error(line, str(error))
    if not trees or problems.failed:
        return None
    condition = texts[0] if len(texts) == 1 else " or ".join(f"({text})" for text in texts)
    return Detection(
        any_of(trees), " ".join(condition.split()), tuple(expansion.missing), tuple(selections.trees),
        frozenset(selections.used),
    )  # fmt: skip
