"""Size, mirror and words: rules of the house that a reader feels."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from houserules import PACKAGE, ROOT, sources, tree

MAX_FILE, MAX_FUNCTION = 400, 50


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", [p for p in sources() if p.parent.name != "migrations"], ids=named)
def test_files_and_functions_are_small(path: Path) -> None:
    """Of what people write: migrations are written by Django."""
    assert len(path.read_text("utf-8").splitlines()) <= MAX_FILE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MAX_FUNCTION, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", [p for p in sources() if p.name == "__init__.py"], ids=named)
def test_init_files_only_re_export(path: Path) -> None:
    allowed = ast.Import | ast.ImportFrom | ast.Assign | ast.AnnAssign | ast.Expr
    for node in tree(path).body:
        assert isinstance(node, allowed), f"line {node.lineno} does more than re-export"


def test_tests_mirror_the_package() -> None:
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        folder = path.parent.relative_to(ROOT / "tests")
        if folder.parts and folder.parts[0] in {"house", "docs", "bench", "rules", "samples"}:
            continue
        assert (PACKAGE / folder).is_dir(), f"tests/{folder} mirrors no folder of the package"


def tracked() -> list[Path]:
    """Text files of the project, as git would submit them."""
    done = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_the_project_speaks_of_the_project_alone() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # Written so that this file does not hold what it looks for.
    here = re.compile(rb"/[.]pyenv/|/wor[k]/|/tmp/[a-z]+/venv|pypi[.]org|pythonhosted[.]org")
    for path in tracked():
        body = path.read_bytes()
        if b"\0" not in body[:4096]:
            found = here.search(body)
            assert not found, f"{path.relative_to(ROOT)} names a path of one machine or a registry host"


def test_no_unfinished_work_stands_in_the_package() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX)\b|raise NotImplementedError")
    for path in sources():
        assert not marks.search(path.read_text("utf-8")), f"{path.name} holds unfinished work"
