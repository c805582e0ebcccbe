from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from synthetic_hits import START, Step, Week, facts, table, week

from kulla.cli import layout, timeline
from kulla.hunt.findings import Findings, findings
from kulla.hunt.summary import Facts

HOSTILE = "\x1b]0;owned\x07\x1b[31mred\u202e\r\n[bold]x[/bold]\x9b2J"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def found(made: Week) -> Findings:
    rows = sorted(made.rows, key=lambda row: row["time"] or 0)  # type: ignore[return-value,arg-type]
    return findings([table(rows)], facts(made))


def hostile() -> Findings:
    made = Week(1)
    made.hit(Step(HOSTILE, "high", ("attack.t1059",)), HOSTILE, f"user:{HOSTILE}", START)
    return found(made)


def test_plain_lines_are_stable_and_carry_no_control_characters() -> None:
    out = io.StringIO()
    timeline.show(found(week(1)), out)
    lines = out.getvalue().splitlines()
    groups = [line.split("\t") for line in lines if line.startswith("group\t")]
    assert len(groups) == 20
    assert {len(cells) for cells in groups} == {13}
    assert [cells[1] for cells in groups] == [str(n + 1) for n in range(20)]
    assert "\x1b" not in out.getvalue()
    assert any(line.startswith("summary\tnot covered\t40 rules") for line in lines)
    assert any(line.startswith("summary\trejected\t3 records") for line in lines)
    assert any(line.startswith("summary\tskipped\t2 files") for line in lines)


@pytest.mark.parametrize("kind", [io.StringIO, Terminal])
def test_an_event_cannot_write_to_the_terminal(kind: type[io.StringIO], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    out = kind()
    timeline.show(hostile(), out)
    text = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()) if kind is Terminal else out.getvalue()
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "owned" in text
    assert "[bold]x[/bold]" in text.replace("\n", "").replace(" ", "") or kind is Terminal


@pytest.mark.parametrize("width", [50, 80, 130, 220])
def test_the_terminal_is_never_overrun_and_colour_is_not_alone(width: int) -> None:
    out = Terminal()
    console = Console(file=out, width=width, force_terminal=False, markup=False, highlight=False)
    layout.lay_out(found(week(1)), console, 8)
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "!!!! critical" in out.getvalue()
    assert "more" not in lines[-1] or "lower rank" in out.getvalue()


def test_a_narrow_encoding_gets_escapes() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, "ascii")
    timeline.show(found(week(1)), out)
    out.flush()
    assert b"\\u2013" in raw.getvalue()


def test_an_interrupted_run_says_so_and_an_empty_one_is_fine() -> None:
    out = io.StringIO()
    timeline.show(findings([], Facts(interrupted=True)), out)
    assert "summary\tinterrupted\t" in out.getvalue()
    assert "summary\thits\t0 in 0 groups: none" in out.getvalue()
    terminal = Terminal()
    timeline.show(findings([], Facts()), terminal)
    assert "Groups" not in terminal.getvalue()
