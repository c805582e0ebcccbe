"""Findings as one self-contained HTML page, see `hunt.report`."""

from __future__ import annotations

from typing import BinaryIO

from kulla.hunt.findings import Findings
from kulla.hunt.report.page import page


class HtmlWriter:
    """The HTML report."""

    suffix = ".html"

    def write(self, out: BinaryIO, findings: Findings) -> None:
        out.write(page(findings))
