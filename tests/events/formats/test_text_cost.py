"""No line, however made, costs a text format more than time in proportion to its length."""

from __future__ import annotations

import io
import time

import pytest
from textlogs import CONTEXT, SAMPLES, TEXT_FORMATS

from kulla.events.formats._api import Format

SIZE = 30_000
HEADS = ("<13>1 - - - - - [", "Jan  5 10:11:12 h ", "<13>", "type=X msg=audit(1.5:7): ", "CEF:0|", "# ", "",
         '192.0.2.1 - - [05/Jan/2026:10:11:12 +0100] "GET / HTTP/1.1" 200 5 ', "2026-01-05 10:11:12 ",
         "1767607872.123 1 192.0.2.1 TCP_MISS/200 1 GET u - ")  # fmt: skip
BODIES = ("a", "A", "a=", "x={", 'a="', "a='", "a/", "[a", "[a]", '"', '""', '"\\"', "\\", " ", " a", "a.", "|",
          "<Event>", '<Event a="', "a b=c ", "k=v ", "=", "[1] ", "\t", '" ', "1:", "%A-")  # fmt: skip


@pytest.mark.parametrize("log", TEXT_FORMATS, ids=lambda log: log.name)
def test_cost_is_linear(log: Format) -> None:
    start = next(sample for kind, sample in SAMPLES.items() if kind.split()[0] == log.name)
    for head in HEADS:
        for index, body in enumerate(BODIES):
            tail = "] x" if index % 2 else ""
            data = (start + head + body * (SIZE // len(body)) + tail + "\n").encode()
            began = time.process_time()
            log.sniff(data[: 64 << 10], "x")
            for run in log.read(io.BytesIO(data), None, CONTEXT):
                assert run.lines >= 0
            spent = time.process_time() - began
            assert spent < 0.3, (head, body, tail, spent)
