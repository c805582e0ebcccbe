"""The user documentation against the program: commands, options, formats and exit codes that it names are real."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from kulla.cli.main import COMMANDS, EPILOG, tree
from kulla.detect.ruleset import load
from kulla.events.formats import FORMATS
from kulla.hunt.rulebook import read_texts
from kulla.hunt.ruleview import matching
from kulla.hunt.writers import WRITERS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TREE = tree()
NAMES = "|".join(COMMANDS)


def _commands(text: str) -> Iterator[list[str]]:
    """The arguments of every `kulla …` in code spans and blocks."""
    spans = re.findall(r"`((?:KULLA_\w+=\S+ )?(?:\S+ \| )?(?:[\w./]*/)?kulla [^`]+)`", text)
    found = re.findall(r"```(?:sh)?\n(.*?)```", text, re.DOTALL)
    blocks = [line for block in found for line in block.replace("\\\n", " ").splitlines()]
    for line in (*spans, *blocks):
        if said := re.search(rf"(?:^|\s|/)kulla ((?:{NAMES}|--)[^|]*)", line):
            yield shlex.split(said[1], comments=True)


def _check(words: list[str]) -> None:
    command, at = TREE, 0
    while at < len(words) and words[at] in getattr(command, "commands", {}):
        command, at = getattr(command, "commands")[words[at]], at + 1  # noqa: B009 - only groups have it
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    known |= {"--help", "-h", "--json"} if at == 0 else {"--help", "-h"}
    for word in words[at:]:
        if re.match(r"--?[a-z]", word):
            assert word in known, f"{word} is no option of kulla {' '.join(words[:at])}"
    assert at or words[0].startswith("-"), f"kulla {words[0]} is no command"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist(page: Path) -> None:
    for words in _commands(page.read_text()):
        _check(words)


def test_the_commands_are_found_at_all() -> None:
    assert sum(1 for page in PAGES for _ in _commands(page.read_text())) > 20
    with pytest.raises(AssertionError, match="--colour"):
        _check(["rules", "list", "--colour"])


def _leaves(command: object, path: str = "kulla") -> Iterator[tuple[str, object]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, f"{path} {name}")
    if not getattr(command, "commands", {}):
        yield path, command


@pytest.mark.parametrize(("path", "command"), list(_leaves(TREE)), ids=lambda value: str(value))
def test_every_command_has_examples_that_fit_it(path: str, command: object) -> None:
    text = str(getattr(command, "help", ""))
    assert "**Example" in text
    examples = list(_commands(text))
    assert examples
    for words in examples:
        _check(words)
        assert f"kulla {' '.join(words)}".startswith(path)


def test_rules_that_the_docs_name_are_ours_and_one() -> None:
    ruleset = load(read_texts([str(ROOT / "rules")]))
    named = set()
    for page in PAGES:
        for words in _commands(page.read_text()):
            if words[:2] in (["rules", "explain"], ["rules", "show"]) and "rules" in words[2:]:
                named.add(words[2])
    assert named
    for wanted in named:
        assert len(matching(wanted, ruleset)) == 1, wanted


def test_the_page_of_formats_lists_them_in_order() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "formats.md").read_text(), re.MULTILINE)
    assert rows == [each.name for each in FORMATS]


def test_the_page_on_hunting_lists_output_files_and_exit_codes() -> None:
    text = (ROOT / "docs" / "hunting.md").read_text()
    assert set(re.findall(r"^\| `(\.[\w.]+)` \|", text, re.MULTILINE)) == {writer.suffix for writer in WRITERS}
    told = set(re.findall(r"^\| (\d+) \|", text, re.MULTILINE))
    assert set(re.findall(r"(?:; |: )(\d+) ", EPILOG)) <= told
