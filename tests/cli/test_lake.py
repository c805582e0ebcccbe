from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import lakes
import pytest
import workermade
from cli.inprocess import kulla

from kulla.centre.folder import opened
from kulla.centre.running.retention import mark
from kulla.lake import Lake

EVENTS = [
    {"raw": f"event {n}", "host": "ws1", "fields": {"EventID": str(n)}, "time": lakes.NOON + timedelta(hours=n)}
    for n in range(5)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Lake(tmp_path / "lake") as lake:
        lake.append(lakes.table(EVENTS), "aa" * 32, 0)
        lake.append(lakes.table(EVENTS, "mod", "military"), "aa" * 32, 0)
    return tmp_path / "lake"


def test_search(folder: Path) -> None:
    ran = kulla("lake", "search", folder, "EventID:>=3 host:ws1", "--scope", "civil/mof")
    assert ran.code == 0
    assert [line.split("\t")[1] for line in ran.out.splitlines()] == [
        "2026-05-11T16:00:00.000000Z", "2026-05-11T15:00:00.000000Z",
    ]  # fmt: skip
    assert len(kulla("lake", "search", folder, "").out.splitlines()) == 10
    assert len(kulla("lake", "search", folder, "", "-n", 3).out.splitlines()) == 3
    found = kulla("lake", "search", folder, "4", "--json", "--raw", "--since", "2026-05-11T15:30")
    assert {json.loads(line)["raw"] for line in found.out.splitlines()} == {"event 4"}


def test_what_cannot_be_used_is_told(folder: Path, tmp_path: Path) -> None:
    for arguments, says in (
        (("search", folder, "(a"), "query, column 1: this `(` is never closed"),
        (("search", tmp_path, "a"), "no lake is here"),
        (("search", folder, "a", "--scope", "civil"), "write ZONE/CONSTITUENT"),
        (("retain", folder, "--days", 5, "--of", "civil/mof=x"), "write ZONE/CONSTITUENT=DAYS"),
        (("retain", folder, "--days", 0), "--days"),
    ):
        ran = kulla("lake", *arguments)
        assert ran.code == 2
        assert says in ran.err


def test_compact_and_check(folder: Path) -> None:
    ran = kulla("lake", "compact", folder, "--every", "--vacuum", 0)
    assert (ran.code, ran.out) == (0, "0 files merged into 0, 0 indexed, 0 old files deleted\n")
    assert kulla("lake", "check", folder, "--deep").out == "the lake is whole\n"
    lakes.files(folder)[0].unlink()
    ran = kulla("lake", "check", folder)
    assert ran.code == 3
    assert "missing" in ran.err
    assert kulla("lake", "check", folder / "nothing").code == 3


def test_retain_with_holds(folder: Path, tmp_path: Path) -> None:
    holds = tmp_path / "holds.toml"
    holds.write_text(
        '[[hold]]\nname = "case 7"\nzone = "civil"\nquery = "EventID:(1 or 2)"\nsince = 2026-01-01T00:00:00Z\n'
    )
    days = (datetime.now(UTC).date() - lakes.NOON.date()).days - 1
    ran = kulla("lake", "retain", folder, "--days", days, "--holds", holds, "--dry-run")
    assert "8 events would be dropped" in ran.out
    assert len(kulla("lake", "search", folder, "").out.splitlines()) == 10
    ran = kulla("lake", "retain", folder, "--days", days, "--holds", holds, "--vacuum", 0)
    assert "civil/mof 2026-05-11: 3 events dropped; kept: 2 by hold case 7" in ran.out
    assert "military/mod 2026-05-11: 5 events dropped" in ran.out
    assert len(kulla("lake", "search", folder, "").out.splitlines()) == 2
    assert len(lakes.files(folder)) == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = 1", "tables [[hold]]"),
        ("[[hold]]\nzone = 'civil'", "a name is needed"),
        ("[[hold]]\nname = 'a'\nsize = 3", "no such key: size"),
        ("[[hold]]\nname = 'a'\nevent_ids = ['zz']", "32 hexadecimal digits"),
        ("[[hold]]\nname = 'a'\nsince = 'monday'", "since and until are times"),
        ("[[hold]", "cannot be read as TOML"),
    ],
)
def test_a_file_of_holds_that_is_wrong_is_told(folder: Path, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "holds.toml"
    path.write_text(text)
    ran = kulla("lake", "retain", folder, "--days", 1, "--holds", path)
    assert ran.code == 2
    assert says in ran.err


HOLD = """\
import sys
from pathlib import Path

from kulla.centre.folder import opened
from kulla.centre.running import serving

centre = opened(Path(sys.argv[1]))
serving.set_up(centre)
from kulla.centre.cases.models import Case, Hold
from kulla.centre.people import door
from kulla.centre.people.models import Constituent, User

with door.zones(door.ALL_ZONES):
    tax = Constituent.objects.get(name="tax")
    user = User.objects.create(username="officer")
    case = Case.objects.create(number="2026-00001", title="t", zone="civil", constituent=tax)
    Hold.objects.create(case=case, reason="order", query="EventID:(1 or 2)", placed_by=user, tlp="RED", pap="RED")
"""


def test_the_lake_of_a_centre_is_dropped_from_under_its_legal_holds(tmp_path: Path) -> None:
    env = workermade.environ(workermade.rules(tmp_path / "rules"))
    centre = workermade.centre(tmp_path, env)
    subprocess.run([sys.executable, "-c", HOLD, str(centre)], env=env, check=True)
    with Lake(centre / "lake") as lake:
        lake.append(lakes.table(EVENTS, "tax"), "aa" * 32, 0)
    told = workermade.kulla("lake", "retain", centre / "lake", env=env)
    assert told.returncode == 2
    assert "give --days, or write [retention]" in told.stderr
    with (centre / "centre.toml").open("a") as file:
        file.write("\n[retention]\ndays = 3\n")
    dry = workermade.kulla("lake", "retain", centre, "--dry-run", env=env)
    assert "3 events would be dropped" in dry.stdout, dry.stderr
    assert workermade.kulla("lake", "check", centre, "--deep", env=env).stdout == "the lake is whole\n"
    away = tmp_path / "disk"
    (centre / "lake").rename(away)
    (centre / "lake").symlink_to(away)
    mark(opened(centre))
    done = workermade.kulla("lake", "retain", away, "--vacuum", 0, env=env)
    assert "3 events dropped; kept: 2 by hold 2026-00001 hold 1" in done.stdout, done.stderr
    with Lake(away) as lake:
        assert lake.count("", lake.everyone()) == 2
    centre.rename(tmp_path / "moved")
    lost = workermade.kulla("lake", "retain", away, "--days", 3, env=env)
    assert lost.returncode == 3
    assert "name the folder where that centre is now" in lost.stderr


def test_a_lake_of_no_centre_needs_its_days(folder: Path) -> None:
    ran = kulla("lake", "retain", folder)
    assert (ran.code, "belongs to no centre; give --days" in ran.err) == (2, True)
