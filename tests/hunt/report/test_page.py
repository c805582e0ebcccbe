from __future__ import annotations

import html
import http.server
import json
import re
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_hits import INTRUSION, START, WINDOWS, Step, Week, facts, table, week

from kulla.hunt.findings import Findings, findings
from kulla.hunt.report import payload
from kulla.hunt.report.page import page
from kulla.hunt.report.payload import embed, fair_share
from kulla.hunt.summary import Facts
from kulla.hunt.visible import visible

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
NASTY = (
    "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"
    "\u202egnp.exe\x00 &amp; \u2028"
)


def found(made: Week, about: Facts | None = None) -> Findings:
    rows = sorted(made.rows, key=lambda row: (row["time"] is None, row["time"] or 0))
    return findings([table(rows)], about or facts(made))


def nasty() -> Week:
    made = Week(1)
    step = Step(NASTY, "high", ("attack.t1059", NASTY), NASTY, NASTY, WINDOWS)
    for n in range(3):
        made.hit(step, NASTY, f"user:{NASTY}", START + n, {"long": "x" * 1_000_000, NASTY: NASTY})
    for row in made.rows:
        # A lone surrogate can stand in JSON only as an escape; the file's name may be anything.
        row["event"] = str(row["event"])[:-1] + ', "lone": "\\ud800"}'
        row["file"] = NASTY
    return made


def browse(made: Path, fragment: str = "") -> str:
    """The page as Chromium has it after its scripts ran."""
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        f"--user-data-dir={made.parent / 'profile'}", "--virtual-time-budget=3000", "--dump-dom",
        f"file://{made}{fragment}",
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, timeout=100, check=True).stdout.decode("utf-8", "replace")


def saved(folder: Path, result: Findings) -> Path:
    path = folder / "report.html"
    path.write_bytes(page(result))
    return path


def data_of(text: str) -> dict[str, object]:
    body = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert body
    loaded = json.loads(body.group(1))
    assert isinstance(loaded, dict)
    return loaded


def test_policy_allows_nothing_but_its_own_style_and_script() -> None:
    text = page(found(week(1))).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)
    assert policy
    assert policy.group(1).startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy.group(1)
    assert not re.search(r'\s(src|srcset|action|onclick|style)="', text)
    assert all(url.startswith(("#", "https://attack.mitre.org")) for url in re.findall(r'href="([^"]*)"', text))
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', text))


def test_reads_without_script() -> None:
    text = page(found(week(1))).decode()
    assert "93 rules matched 7,890 times" in text
    for *_, step in INTRUSION:
        assert step.title in text
    assert "rundll32 comsvcs.dll, MiniDump 624" in text
    assert "no known log format" in text
    assert "srv-db-01/app.json, line 1204: half a JSON object" in text


def test_hostile_text_stays_text() -> None:
    text = page(found(nasty())).decode()
    markup = re.sub(r'(?s)<script type="application/json".*?</script>', "", text)
    assert "\x00" not in text
    assert "\u202e" not in text
    assert "\u2028" not in text
    assert "<img" not in text
    assert text.count("<script") == text.count("</script>") == 2
    assert html.escape(visible(NASTY, breaks=True)) in markup
    assert len(text) < 200_000, "a value of a megabyte was not cut"
    assert "characters more" in text


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=40))
def test_embedded_json_gives_back_its_text(text: str) -> None:
    shown = embed(json.dumps(text))
    assert json.loads(shown) == text
    assert not set(shown) & set("<>&\u2028\u2029")


@given(st.lists(st.integers(1, 500), max_size=30), st.integers(1, 1000))
def test_fair_share_is_the_largest_that_fits(counts: list[int], limit: int) -> None:
    share = fair_share(counts, limit)
    kept = [sum(min(count, size) for count in counts) for size in (share, share + 1)]
    assert share == 1 or kept[0] <= limit
    assert share >= max([*counts, 1]) or kept[1] > limit


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "HITS", 2_000)
    made = week(1)
    text = page(found(made)).decode()
    kept = data_of(text)
    hits = kept["hits"]
    assert isinstance(hits, dict)
    assert len(hits["g"]) <= 2_000
    said = f"This table holds {len(hits['g']):,} of {len(made.rows):,} hits: the first {kept['perGroup']} of each group"
    assert said in text


@needs_browser
def test_works_in_a_browser(tmp_path: Path) -> None:
    result = found(week(1))
    path = saved(tmp_path, result)
    dom = browse(path, "#f?level=critical")
    assert 'data-ready="yes"' in dom
    assert "1 of 400 listed groups, 2 of 7,890 hits in the page pass the filter" in dom
    group = result.ranked[0].group
    dom = browse(path, f"#g-{group.id}")
    opened = dom[dom.index(f'id="g-{group.id}"') :][:9000]
    assert "Why it matched" in opened
    assert "<mark>a.exe -t * -</mark>" in opened
    assert "Page 1 of 79" in dom


@needs_browser
def test_reads_in_a_browser_without_script(tmp_path: Path) -> None:
    path = saved(tmp_path, found(week(1)))
    path.write_text(re.sub("script-src 'sha256-[^']+'", "script-src 'none'", path.read_text("utf-8")), "utf-8")
    dom = browse(path)
    assert "data-ready" not in dom.partition("<head>")[0]
    assert "First hit: 2026-01-08T02:38:13" in dom


@needs_browser
def test_hostile_text_runs_nothing_in_a_browser(tmp_path: Path) -> None:
    dom = browse(saved(tmp_path, found(nasty())), "#hit-0")
    assert "<title>Kulla hunt</title>" in dom
    assert "<img" not in dom
    assert "Why it matched" in dom
    assert "\\ud800" in dom
    assert "\\u202egnp.exe\\x00" in dom


@needs_browser
def test_makes_no_request(tmp_path: Path) -> None:
    """Were the page to ask for anything, this server would hear: its address stands in every field."""
    asked: list[str] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/x"
        made = Week(1)
        value = f'<img src="{url}"><link rel=stylesheet href="{url}"><iframe src="{url}"></iframe>'
        made.hit(Step(value, "high", ("attack.t1059",), url, value), value, f"user:{value}", START)
        path = saved(tmp_path, found(made))
        assert 'data-ready="yes"' in browse(path, "#hit-0")
        assert asked == []
        # The ear does hear: a page without the report's care asks.
        loose = tmp_path / "loose.html"
        loose.write_text(f'<img src="{url}">')
        browse(loose)
        assert asked
    finally:
        server.shutdown()
        server.server_close()
