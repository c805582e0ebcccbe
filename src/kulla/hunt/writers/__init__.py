"""Writers: findings as files, by the extension of their names."""

from kulla.hunt.writers._api import Writer
from kulla.hunt.writers.csv import CsvWriter
from kulla.hunt.writers.html import HtmlWriter
from kulla.hunt.writers.jsonl import JsonlWriter
from kulla.hunt.writers.navigator import NavigatorWriter
from kulla.hunt.writers.parquet import ParquetWriter

WRITERS: tuple[Writer, ...] = (CsvWriter(), JsonlWriter(), ParquetWriter(), NavigatorWriter(), HtmlWriter())
"""All output formats. To add one: a file here, a line here, a test."""

__all__ = ["WRITERS", "CsvWriter", "HtmlWriter", "JsonlWriter", "NavigatorWriter", "ParquetWriter", "Writer"]
