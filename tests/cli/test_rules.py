from __future__ import annotations

from pathlib import Path

import pytest
from cli.command import BAD, OTHER, RULE, event, kulla, made


def test_check_counts_remarks_and_names_errors(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    (rules / "bad.yml").write_text(BAD)
    odd = RULE.replace("11111111", "33333333").replace("attack.t1105", "attack.t9999")
    (rules / "odd.yml").write_text(odd.replace("falsepositives: [none known]\n", ""))
    ran = kulla("rules", "check", rules)
    assert ran.code == 4
    assert "bad.yml:3: error: " in ran.out
    assert "missing-falsepositives" in ran.out
    assert "odd.yml" in ran.out
    assert "remark [" not in ran.out
    assert ran.out.splitlines()[-1].startswith("2 rules, 0 correlations, 0 filters loaded; 1 error, ")
    assert "odd.yml:1: remark [missing-falsepositives]" in kulla("rules", "check", rules, "--verbose").out
    quiet = kulla("rules", "check", rules, "--quiet").out.splitlines()
    assert len(quiet) == 2
    assert "error" in quiet[0]


def test_check_as_json(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    found = kulla("rules", "check", rules, "--json").json()
    assert isinstance(found, dict)
    assert list(found) == ["rules", "correlations", "filters", "problems", "needs_value", "unfed"]


def test_list(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    (rules / "bad.yml").write_text(BAD)
    ran = kulla("rules", "list", rules, "--by", "technique")
    assert "T1105 Ingress Tool Transfer" in ran.out
    assert "kept rules from being loaded" in ran.err
    assert kulla("rules", "list", rules, "--by", "colour").code == 2


def test_show_by_part_of_the_title_id_and_case(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    (rules / "other.yml").write_text(OTHER)
    for wanted in ("fetches", "11111111-2222-4333-8444-555555555555", "CERTUTIL FETCHES A FILE"):
        assert kulla("rules", "show", wanted, "-r", rules).out.startswith("Certutil fetches a file\n")
    several = kulla("rules", "show", "certutil", "--rules", rules)
    assert several.code == 2
    assert "2 rules are known by 'certutil'" in several.err
    assert "22222222" in several.err
    assert "rules check PATH" in kulla("rules", "show", "nothing like it", "-r", rules).err


def test_show_a_title_that_the_file_spells_otherwise(tmp_path: Path) -> None:
    """The quick look into files' texts must not hide a rule."""
    rules, _ = made(tmp_path)
    (rules / "quoted.yml").write_text(OTHER.replace("title: Certutil decodes a file", 'title: "Mallory\\x27s tool"'))
    assert kulla("rules", "show", "mallory's", "-r", rules).out.startswith("Mallory's tool\n")


def test_rules_come_from_the_environment(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    more = tmp_path / "more rules"
    more.mkdir()
    (more / "other.yml").write_text(OTHER)
    ran = kulla("rules", "show", "decodes", env={"KULLA_RULES": f"{rules}:{more}"})
    assert ran.out.startswith("Certutil decodes")
    assert "KULLA_RULES" in kulla("rules", "show", "decodes").err


def test_explain_a_match(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    ran = kulla("rules", "explain", "fetches", log, "-r", rules)
    assert ran.code == 0
    assert "asked of 3 events of 3" in ran.out
    assert "matches 1:" in ran.out
    assert f"{log}, line 2, 2026-05-01T10:00:02Z, windows/process_creation/sysmon: matches" in ran.out
    assert "yes CommandLine contains 'urlcache'" in ran.out
    said = kulla("rules", "explain", "fetches", log, "-r", rules, "--json").json()
    assert isinstance(said, dict)
    assert said["record"] == 2
    assert said["matched"] is True
    assert said["why"]["selections"][0]["name"] == "image"


def test_explain_a_near_miss_and_one_record(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    log.write_text("".join(log.read_text().splitlines(True)[:1]))
    near = kulla("rules", "explain", "fetches", log, "-r", rules).out
    assert "matches none. Nearest come:" in near
    assert "[met] image" in near
    assert "[not met] line" in near
    assert "it is certutil -hashfile a" in near
    one = kulla("rules", "explain", "fetches", log, "-r", rules, "--record", 1).out
    assert "line 1" in one
    assert "does not match" in one
    assert kulla("rules", "explain", "fetches", log, "-r", rules, "--record", 9).code == 2


def test_explain_where_the_rule_is_asked_of_nothing(tmp_path: Path) -> None:
    rules, log = made(tmp_path)
    log.write_text('{"app": "portal", "n": 1}\n{"app": "portal", "n": 2}\n')
    ran = kulla("rules", "explain", "fetches", log, "-r", rules)
    assert "is of this logsource" in ran.out
    assert "*/*/*" in ran.out
    assert "[not met]" not in ran.out


def test_explain_looks_into_all_parts_of_an_archive(tmp_path: Path) -> None:
    """A zip is read in several parts; the match lies in the last."""
    import json
    import zipfile

    rules, _ = made(tmp_path)
    packed = tmp_path / "all.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for number in range(30):
            line = "certutil -urlcache" if number == 29 else "certutil -dump"
            file.writestr(f"{number:02}.json", json.dumps(event(number, line)) * 1 + "\n" + json.dumps(event(1, "x")))
    ran = kulla("rules", "explain", "fetches", packed, "-r", rules)
    assert "events of 60" in ran.out
    assert "all.zip!29.json, line 1" in ran.out


@pytest.mark.parametrize("file", ["nothing.evtx", "prose.txt"])
def test_explain_what_cannot_be_read(tmp_path: Path, file: str) -> None:
    rules, _ = made(tmp_path)
    (tmp_path / "prose.txt").write_text("Not a log.\nJust words.\n")
    ran = kulla("rules", "explain", "fetches", tmp_path / file, "-r", rules)
    assert ran.code == 3
    assert file in ran.err


def test_samples(tmp_path: Path) -> None:
    rules, _ = made(tmp_path)
    sample = "kulla:\n  samples:\n    - {name: hit, match: true, events: [{Image: 'x', CommandLine: urlcache}]}\n"
    (rules / "fetch.yml").write_text(RULE + sample)
    ran = kulla("rules", "test", rules)
    assert ran.code == 4
    assert "sample 'hit'" in ran.out
    assert ran.out.endswith("1 rule with samples: 0 samples as expected, 1 not\n")
