from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kulla.errors import ConfigError
from kulla.settings import GIB, KIB, MIB, TABLE, Settings, read_settings, table_text

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "settings.md"


def test_the_document_holds_the_table() -> None:
    assert table_text() in DOCUMENT.read_text(encoding="utf-8")


def test_defaults_without_environment() -> None:
    assert read_settings({"PATH": "/bin", "KULLA_OTHER": "x", "KULLA_WORKER_MEMORY": ""}) == Settings()


@pytest.mark.parametrize(
    ("text", "number"), [("1048576", MIB), ("3GiB", 3 * GIB), (" 5 mib ", 5 * MIB), ("2048 KiB", 2048 * KIB)]
)
def test_sizes(text: str, number: int) -> None:
    assert read_settings({"KULLA_WORKER_MEMORY": text}).worker_memory == number


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("WORKER_MEMORY", "much"),
        ("WORKER_MEMORY", "-1"),
        ("WORKER_MEMORY", "1.5 GiB"),
        ("WORKER_MEMORY", "1 KiB"),
        ("WORKER_MEMORY", "9" * 30),
        ("ARCHIVE_DEPTH", "0"),
        ("ARCHIVE_DEPTH", "5 MiB"),
    ],
)
def test_a_wrong_value_names_its_variable(name: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"KULLA_{name}: "):
        read_settings({f"KULLA_{name}": text})


def test_text_is_taken_as_it_is() -> None:
    assert read_settings({"KULLA_SPOOL_FOLDER": "/big tmp"}).spool_folder == "/big tmp"


def test_every_setting_is_explained_and_travels() -> None:
    assert all(row.help.endswith(".") and row.unit for row in TABLE)
    assert len({row.variable for row in TABLE}) == len(TABLE)
    assert pickle.loads(pickle.dumps(Settings())) == Settings()
