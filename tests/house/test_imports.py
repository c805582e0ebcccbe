"""Who may import whom, and which single file knows each foreign library."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from houserules import PACKAGE, imports, room, sources, tree

MAY_IMPORT: dict[str, set[str]] = {
    "__init__": set(),
    "__main__": {"cli"},
    "errors": set(),
    "alert": set(),
    "settings": {"errors"},
    "events": {"errors", "settings"},
    "detect": {"errors", "settings", "events", "alert"},
    "hunt": {"errors", "settings", "events", "detect", "alert", "lake"},
    "registers": {"errors", "settings", "events", "alert"},
    "leaks": {"errors", "settings", "events", "registers", "alert"},
    "exercise": {"errors", "settings", "events", "registers"},
    "lake": {"errors", "settings", "events"},
    "share": {"errors", "settings", "alert"},
    "watch": {"errors", "settings", "events", "detect", "lake"},
    "centre": {
        *("errors", "settings", "alert", "events", "detect", "hunt", "lake"),
        *("registers", "leaks", "share", "watch"),
    },
    "cli": {
        *("errors", "settings", "alert", "events", "detect", "hunt", "lake"),
        *("registers", "leaks", "share", "watch", "centre", "exercise"),
    },
}
"""The whole house, rooms not yet built included."""

ONE_PLACE: dict[str, set[str]] = {
    "duckdb": {"events/duck.py", "registers/replay/duck.py"},
    "evtx": {"events/formats/evtx.py"},
    "hyperscan": {"detect/fast/scan.py"},
    "re2": {"detect/regex.py"},
    "yaml": {"detect/yamlines.py"},
    "sqlglot": {"events/sqltemplate.py", "registers/replay/statement.py"},
    "zstandard": {"events/unpack.py"},
    "psycopg": {"registers/connect/postgres.py"},
    "pyroaring": {"registers/bitmap.py"},
    "python_calamine": {"registers/extracts/spreadsheet.py", "leaks/intake/workbook.py"},
    "xlsxwriter": {"registers/extracts/spreadsheet.py"},
    "tomli_w": {"registers/manifest.py"},
    "deltalake": {"lake/delta.py"},
    "docx": {"centre/law/drafts/docx.py"},
    "granian": {"centre/running/console.py"},
    "imaplib": {"centre/notices/mailbox.py"},
    "smtplib": {"centre/notices/smtp.py"},
    "shamir_mnemonic": {"centre/vault/shares.py"},
    "access_parser": {"leaks/intake/access.py"},
    "charset_normalizer": {"leaks/intake/encoding.py"},
    "lxml": {"leaks/intake/markup.py"},
    "olefile": {"leaks/intake/olemeta.py"},
    "pdfplumber": {"leaks/intake/pdftables.py"},
    "rfc3161_client": {"leaks/evidence/timestamp.py"},
    "sqlite3": {"leaks/intake/sqlitefile.py", "centre/vault/sqlite.py"},
    "typst": {"leaks/report/pdf.py"},
}
"""Foreign library → the only files that know it."""

ONE_ROOM = {"typer": "cli", "rich": "cli", "allauth": "centre", "ninja": "centre"}
PURE = {
    "detect": {"os", "socket", "pathlib", "subprocess", "time", "tempfile", "shutil", "urllib", "random"},
    "registers": {"socket", "subprocess", "urllib", "random", "time"},
    "leaks": {"socket", "subprocess", "urllib", "random", "time"},
    "share": {"os", "socket", "pathlib", "subprocess", "time", "tempfile", "shutil", "urllib", "random"},
    "centre/law": {"os", "socket", "pathlib", "subprocess", "time", "tempfile", "shutil", "urllib", "random"},
}
"""Rooms where values go in and values come out, and what they therefore have no use for."""

MAY_OPEN = {"registers/keyfile.py", "registers/folder.py"}
MAY_OPEN_BELOW = (
    *("registers/connect/", "registers/replay/", "registers/desk/", "registers/sealing/"),
    *("leaks/intake/", "leaks/desk/", "leaks/evidence/"),
)
"""The edge of a pure room: the files, and the folders, that may touch the file system."""


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    here = room(path)
    assert here in MAY_IMPORT, f"{here} is no room of the house: add it to DESIGN and to this table"
    rooms = {name.split(".")[1] for name in imports(path) if name.startswith("kulla.")}
    assert rooms - {here} <= MAY_IMPORT[here], f"{here} may not import {sorted(rooms - {here} - MAY_IMPORT[here])}"


@pytest.mark.parametrize("path", sources(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_each_foreign_library_has_one_place(path: Path) -> None:
    name = path.relative_to(PACKAGE).as_posix()
    tops = {module.split(".")[0] for module in imports(path)}
    for library, places in ONE_PLACE.items():
        assert library not in tops or name in places, f"{library} is known to {sorted(places)} alone"
    for library, only in ONE_ROOM.items():
        assert library not in tops or room(path) == only, f"{library} belongs to {only}"


def test_the_table_of_places_is_true() -> None:
    for library, places in ONE_PLACE.items():
        for place in places:
            tops = {module.split(".")[0] for module in imports(PACKAGE / place)}
            assert library in tops, f"{place} no longer knows {library}"


@pytest.mark.parametrize("name", sorted(PURE))
def test_pure_rooms_touch_nothing(name: str) -> None:
    for path in (PACKAGE / name).rglob("*.py"):
        tops = {module.split(".")[0] for module in imports(path)}
        assert not tops & PURE[name], f"{path.name} imports {sorted(tops & PURE[name])}"
        calls = {node.func.id for node in ast.walk(tree(path)) if isinstance(node, ast.Call)
                 and isinstance(node.func, ast.Name)}  # fmt: skip
        place = path.relative_to(PACKAGE).as_posix()
        if place not in MAY_OPEN and not place.startswith(MAY_OPEN_BELOW):
            assert "open" not in calls, f"{path.name} opens a file"
            assert not tops & {"os", "pathlib"}, f"{path.name} touches the file system"


def test_importing_the_package_opens_no_socket() -> None:
    code = (
        "import sys\n"
        "def hook(event, args):\n"
        # urllib3 asks the kernel whether it has IPv6 by binding a socket of its own to ::1; nothing is sent.
        "    if event == 'socket.bind' and args[1][:2] == ('::1', 0):\n"
        "        return\n"
        "    if event in ('socket.connect', 'socket.getaddrinfo', 'socket.bind'):\n"
        "        sys.exit('import used the network: ' + event)\n"
        "sys.addaudithook(hook)\n"
        "import importlib, pkgutil, kulla, django, os\n"
        "os.environ['DJANGO_SETTINGS_MODULE'] = 'kulla.centre.site.settings'\n"
        "django.setup()\n"
        "for module in pkgutil.walk_packages(kulla.__path__, 'kulla.'):\n"
        "    if not module.name.endswith('__main__'):\n"
        "        importlib.import_module(module.name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
