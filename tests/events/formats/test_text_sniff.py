"""Every text format takes its own kind of file and leaves the others'."""

from __future__ import annotations

import codecs

import pytest
from textlogs import NO_LOGS, SAMPLES, TEXT_FORMATS, read

from kulla.events.sniff import choose


@pytest.mark.parametrize("kind", SAMPLES)
def test_its_own_format_wins(kind: str) -> None:
    found = choose(SAMPLES[kind].encode(), "x", TEXT_FORMATS)
    assert found is not None
    assert found.name == kind.split(maxsplit=1)[0]


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_order_of_formats_does_not_decide(kind: str) -> None:
    found = choose(SAMPLES[kind].encode(), "x", TEXT_FORMATS[::-1])
    assert found is not None
    assert found.name == kind.split(maxsplit=1)[0]


@pytest.mark.parametrize("kind", NO_LOGS)
@pytest.mark.parametrize("name", ["x", "x.csv", "x.log"])
def test_what_is_no_log_is_left(kind: str, name: str) -> None:
    found = choose(NO_LOGS[kind], name, TEXT_FORMATS)
    assert found is None


@pytest.mark.parametrize("kind", [kind for kind in SAMPLES if kind != "syslog framed"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_encodings_change_nothing(kind: str, encoding: str) -> None:
    log = next(each for each in TEXT_FORMATS if each.name == kind.split(maxsplit=1)[0])
    content = SAMPLES[kind]
    data = content.encode(encoding)
    if encoding == "utf-16-be":
        data = codecs.BOM_UTF16_BE + data
    assert choose(data, "x", TEXT_FORMATS) is log
    assert [row.fields for row in read(log, data)] == [row.fields for row in read(log, content)]


@pytest.mark.parametrize("kind", SAMPLES)
def test_samples_are_read_whole(kind: str) -> None:
    log = next(each for each in TEXT_FORMATS if each.name == kind.split(maxsplit=1)[0])
    found = read(log, SAMPLES[kind])
    assert found
    expected_time = kind not in ("syslog framed", "csv")
    assert all((row.time is not None) == expected_time for row in found), [row.time for row in found]
