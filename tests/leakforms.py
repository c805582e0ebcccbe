"""The same table as each form of file, written for tests by the smallest means: some by hand, byte for byte."""

from __future__ import annotations

import html
import io
import json
import sqlite3
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

Texts = Sequence[Sequence[str | None]]


def sqlite(path: Path, header: Sequence[str], rows: Texts, name: str = "paga") -> None:
    """A database with one table."""
    with sqlite3.connect(path) as database:
        columns = ", ".join('"' + each.replace('"', '""') + '"' for each in header)
        database.execute(f'CREATE TABLE "{name}" ({columns})')
        marks = ", ".join("?" * len(header))
        database.executemany(f'INSERT INTO "{name}" VALUES ({marks})', rows)
    database.close()


def parquet(header: Sequence[str], rows: Texts) -> bytes:
    """A Parquet file."""
    out = io.BytesIO()
    columns = [pa.array([row[at] for row in rows], pa.string()) for at in range(len(header))]
    pq.write_table(pa.table(columns, names=list(header)), out)
    return out.getvalue()


def objects(header: Sequence[str], rows: Texts) -> list[dict[str, str | None]]:
    """Records for JSON."""
    return [dict(zip(header, row, strict=True)) for row in rows]


def json_array(header: Sequence[str], rows: Texts) -> bytes:
    """An array of objects."""
    return json.dumps(objects(header, rows), ensure_ascii=False).encode()


def ndjson(header: Sequence[str], rows: Texts) -> bytes:
    """One object a line."""
    return "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in objects(header, rows)).encode()


def page(header: Sequence[str], rows: Texts) -> bytes:
    """An HTML page with one table."""
    lines = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell or '')}</td>" for cell in row) + "</tr>" for row in [header, *rows]
    )
    return f"<html><head><title>t</title></head><body><table>{lines}</table></body></html>".encode()


def ods(rows: Texts, name: str = "Fleta") -> bytes:
    """An OpenDocument spreadsheet of texts."""
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{html.escape(cell)}</text:p></table:table-cell>'
            if cell
            else "<table:table-cell/>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    return ods_of(f'<table:table table:name="{name}">{cells}</table:table>')


def ods_of(tables: str, before: str = "") -> bytes:
    """An OpenDocument spreadsheet with these tables."""
    spaces = " ".join(
        f'xmlns:{each}="urn:oasis:names:tc:opendocument:xmlns:{each}:1.0"'
        for each in ("office", "table", "text", "meta")
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<office:document-content {spaces} office:version="1.3">'
        f"<office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    meta = (
        f'<office:document-meta {spaces} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
        "<meta:generator>LibreOffice/7</meta:generator><meta:initial-creator>Agim</meta:initial-creator>"
        "<dc:creator>Drita</dc:creator><dc:date>2021-12-22T10:00:00</dc:date></office:meta></office:document-meta>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet", zipfile.ZIP_STORED)
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", meta)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
    return out.getvalue()


def pdf(pages: Sequence[Texts], ruled: bool = True) -> bytes:
    """A PDF of ASCII tables, drawn with lines or without."""
    bodies = [_drawn(rows, ruled).encode("ascii") for rows in pages]
    count = len(bodies)
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(count))
    found = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {count} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    for at, body in enumerate(bodies):
        found.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents {5 + 2 * at} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>".encode()
        )
        found.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(body), body))
    found.append(b"<< /Author (Agim) /Producer (Kulla) /CreationDate (D:20211222100000Z) >>")
    return _objects(found)


def _drawn(rows: Texts, ruled: bool) -> str:
    width, height, wide = 100, 20, len(rows[0])
    parts = []
    for at, row in enumerate(rows):
        top = 780 - at * height
        parts += [
            f"BT /F1 10 Tf {14 + column * width} {top - 14} Td ({cell}) Tj ET"
            for column, cell in enumerate(row)
            if cell
        ]
    if ruled:
        bottom = 780 - len(rows) * height
        parts += [
            f"10 {780 - at * height} m {10 + wide * width} {780 - at * height} l S" for at in range(len(rows) + 1)
        ]
        parts += [f"{10 + at * width} 780 m {10 + at * width} {bottom} l S" for at in range(wide + 1)]
    return "\n".join(parts)


def _objects(bodies: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(bodies, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info %d 0 R >>\n" % (len(bodies) + 1, len(bodies))
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def xls(rows: Texts) -> bytes:
    """A BIFF8 workbook of texts and whole numbers in an OLE container of version 3."""
    sheet = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    for at, row in enumerate(rows):
        for column, cell in enumerate(row):
            if cell is not None and cell.isdigit() and not cell.startswith("0"):
                sheet += _biff(0x0203, struct.pack("<HHHd", at, column, 0, float(cell)))
            elif cell is not None:
                text = cell.encode("utf-16-le")
                sheet += _biff(0x0204, struct.pack("<HHHHB", at, column, 0, len(cell), 1) + text)
    sheet += _biff(0x000A, b"")
    name = "Fleta"
    start = _biff(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    bound = 4 + 8 + len(name)
    start += _biff(0x0085, struct.pack("<IBBBB", len(start) + bound + 4, 0, 0, len(name), 0) + name.encode())
    return _ole((start + _biff(0x000A, b"") + sheet).ljust(4096, b"\0"))


def _biff(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _ole(stream: bytes) -> bytes:
    """A container with one stream `Workbook` of 4096 bytes or more: sector 0 the FAT, 1 the directory."""
    sectors = -(-len(stream) // 512)
    free, end, fat_mark = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    fat = [fat_mark, end, *range(3, 2 + sectors), end]
    assert len(fat) <= 128
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0) + struct.pack("<I", 0) + b"\xff" * 4 * 108
    entries = _entry("Root Entry", 5, free, free, 1, end, 0) + _entry("Workbook", 2, free, free, free, 2, len(stream))
    directory = (entries + _entry("", 0, free, free, free, 0, 0) * 2).ljust(512, b"\0")
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(512, b"\xff")
    return header + table + directory + stream.ljust(sectors * 512, b"\0")


def _entry(name: str, kind: int, left: int, right: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    return (
        text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, left, right, child) + bytes(36)
        + struct.pack("<IQ", start, size)
    )  # fmt: skip
