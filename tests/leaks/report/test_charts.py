from __future__ import annotations

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kulla.leaks.report.charts.along import along, trajectory
from kulla.leaks.report.charts.candidates import candidates
from kulla.leaks.report.charts.dating import dating, zoomed
from kulla.leaks.report.charts.svg import WIDTH, times

DAY = 86_400_000_000
NASTY = st.text(max_size=60) | st.sampled_from(['</text><script>alert("1")</script>', "&amp;", "]]>", "\u202e\x00'\""])
MOMENTS = st.integers(0, 4_000 * 365 * DAY // 100)


def parsed(svg: str) -> ET.Element:
    """The picture, well formed, of nothing but shapes and texts, inside its width."""
    root = ET.fromstring(svg)
    for element in root.iter():
        assert element.tag.removeprefix("{http://www.w3.org/2000/svg}") in {"svg", "rect", "line", "polyline", "text"}
        assert not any(name in ("style", "href") or name.startswith("on") for name in element.attrib)
        for name in ("x", "x1", "x2"):
            assert -1 <= float(element.get(name, "0")) <= WIDTH + 1
    return root


@given(st.lists(st.tuples(MOMENTS, st.floats(-1e6, 0)), max_size=30), MOMENTS, st.floats(0.1, 50), NASTY)
def test_dating_draws_any_curve(points: list[tuple[int, float]], first: int, drop: float, words: str) -> None:
    parsed(dating(sorted(points), [(first, first + DAY)], drop, words, words))


def test_the_region_is_shaded_where_it_is() -> None:
    curve = [(at * DAY, -abs(50 - at) / 5) for at in range(25, 76)]
    root = parsed(dating(curve, [(45 * DAY, 55 * DAY)], 1.0, "region", "edge"))
    shade = next(e for e in root.iter() if e.get("fill") == "#cfe0f0")
    left, width = float(shade.get("x", "0")), float(shade.get("width", "0"))
    line = next(e for e in root.iter() if e.tag.endswith("polyline"))
    points = [tuple(map(float, pair.split(","))) for pair in (line.get("points") or "").split()]
    xs = [points[0][0], *(x for x, _ in points[2::2])]
    assert len(xs) == len(curve)
    assert abs(left - xs[20]) < 0.2
    assert abs(left + width - xs[30]) < 0.2
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), "level, then a step"


def test_a_narrow_window_in_a_long_history_is_drawn_large() -> None:
    curve = [(at * DAY, -min(abs(500 - at) / 2, 40.0)) for at in range(0, 1001, 10)]
    spans = [(495 * DAY, 505 * DAY)]
    drawn = zoomed(curve, spans)
    assert (drawn[0][0], drawn[-1][0]) == (475 * DAY, 525 * DAY)
    assert drawn[0][1] == -15, "the value of the step that began before"
    assert drawn[1:-1] == [point for point in curve if 475 * DAY < point[0] < 525 * DAY]
    assert zoomed(curve, [(990 * DAY, 1010 * DAY)])[-1] == curve[-1]
    assert zoomed(curve, [(500 * DAY, 2**62)]) == curve


@given(st.lists(st.tuples(MOMENTS, st.floats(-1e6, 0)), max_size=30), MOMENTS, st.integers(1, 10**15))
def test_what_is_drawn_of_a_curve_is_the_curve(points: list[tuple[int, float]], first: int, length: int) -> None:
    curve = sorted(points)
    drawn = zoomed(curve, [(first, first + length)])
    assert [point[0] for point in drawn] == sorted(point[0] for point in drawn)
    assert set(drawn[1:-1]) <= set(curve)
    if curve:
        assert curve[0][0] <= drawn[0][0]
        assert drawn[-1][0] <= curve[-1][0]
        assert all(min(v for _, v in curve) - 1e-6 <= value <= 1e-6 for _, value in drawn)


def test_without_a_curve_the_region_is_drawn_alone() -> None:
    root = parsed(dating([], [(10 * DAY, 12 * DAY), (15 * DAY, 16 * DAY)], 1.0, "region", "edge"))
    assert not any(e.tag.endswith("polyline") for e in root.iter())
    shades = [e for e in root.iter() if e.get("fill") == "#cfe0f0" and e.get("stroke") == "none"]
    widths = [float(e.get("width", "0")) for e in shades]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)
    assert parsed(dating([], [], 1.0, "region", "edge")) is not None


@given(st.lists(st.tuples(NASTY, st.floats(-10, 1e6), st.booleans()), min_size=1, max_size=10), st.floats(0, 1e5))
def test_candidates_draw_any_name(rows: list[tuple[str, float, bool]], margin: float) -> None:
    root = parsed(candidates(rows, margin, "margin"))
    assert sum("●" in (e.text or "") for e in root.iter()) >= sum(own for _, _, own in rows)


@given(NASTY, st.lists(st.floats(0, 1), max_size=60))
def test_pieces_draw_along_the_file(name: str, shares: list[float]) -> None:
    root = parsed(along([name], [shares], "top", "end"))
    assert sum(e.tag.endswith("rect") for e in root.iter()) == sum(share > 0 for share in shares)


def test_a_crawl_is_drawn() -> None:
    parsed(trajectory([(at * 1000, at * DAY) for at in range(10)], "top", "end"))


@given(MOMENTS, st.integers(60_000_000, 20_000 * DAY))
def test_marks_of_time_are_few_and_inside(low: int, span: int) -> None:
    marks = times(low, low + span)
    assert len(marks) <= 14
    assert all(low <= at <= low + span for at, _ in marks)
