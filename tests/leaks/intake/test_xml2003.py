"""Workbooks of one XML document."""

from __future__ import annotations

from pathlib import Path

import pytest
from leakfiles import read_here, rows, tables

from kulla.errors import InputError
from kulla.leaks.intake._api import Fact

HEAD = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:o="urn:schemas-microsoft-com:office:office"
 xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><o:DocumentProperties><o:Author>Agim</o:Author>
</o:DocumentProperties>"""
SHEET = """<Worksheet ss:Name="Paga"><Table>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">Bashkia</Data></Cell>
<Cell ss:MergeAcross="1"><Data ss:Type="String">Personi</Data></Cell>
<Cell><Data ss:Type="String">Puna</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="String">NID</Data></Cell><Cell><Data ss:Type="String">Lindja</Data></Cell>
<Cell><Data ss:Type="String">Paga</Data></Cell></Row>
<Row ss:Index="4"><Cell ss:MergeDown="1"><Data ss:Type="String">Tirana</Data></Cell>
<Cell><Data ss:Type="String">J1</Data></Cell><Cell><Data ss:Type="DateTime">1990-05-07T00:00:00.000</Data></Cell>
<Cell><Data ss:Type="Number">4.5E4</Data></Cell></Row>
<Row><Cell ss:Index="2"><Data ss:Type="String">J2</Data></Cell>
<Cell ss:Index="4" ss:Formula="=1+1"><Data ss:Type="Number">2</Data></Cell></Row>
</Table></Worksheet>"""


def test_a_workbook_is_read(tmp_path: Path) -> None:
    path = tmp_path / "paga.xls"
    path.write_text(HEAD + SHEET + "</Workbook>")
    (table,) = tables(path)
    assert table.name == "Paga"
    assert table.headers == ("Bashkia", "Personi NID", "Personi Lindja", "Puna Paga")
    assert rows(table) == [["Tirana", "J1", "1990-05-07", "45000"], ["Tirana", "J2", None, "2"]]
    assert table.lines.tolist() == [4, 5]
    facts = {sent.key: sent.text for sent in read_here(path) if isinstance(sent, Fact)}
    assert facts == {"author": "Agim", "sheets": "Paga"}


END = "</Table></Worksheet></Workbook>"


@pytest.mark.parametrize(
    ("bad", "says"),
    [(f'<Row ss:Index="1048577"/>{END}', "beyond"), (f'<Row ss:Index="5"/><Row ss:Index="5"/>{END}', "order"),
     ("<Row><Cell>", "damaged")],
    ids=["beyond the last", "out of order", "cut off"],
)  # fmt: skip
def test_damage_is_told(tmp_path: Path, bad: str, says: str) -> None:
    path = tmp_path / "paga.xls"
    path.write_text(f'{HEAD}<Worksheet ss:Name="a"><Table>{bad}')
    with pytest.raises(InputError, match=says):
        read_here(path)


def test_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "paga.xls"
    path.write_text((HEAD + SHEET + "</Workbook>").replace("?>", '?><!DOCTYPE x [<!ENTITY a "ha">]>', 1))
    with pytest.raises(InputError, match="document type"):
        read_here(path)
