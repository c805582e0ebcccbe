"""What the house-rule tests share: the source files, parsed."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "kulla"


@cache
def sources() -> tuple[Path, ...]:
    """Every Python file of the package."""
    return tuple(sorted(PACKAGE.rglob("*.py")))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imports(path: Path) -> set[str]:
    """Absolute names of the modules that a file imports anywhere, lazily or not."""
    found: set[str] = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            if node.module == "kulla":
                found.update(f"kulla.{alias.name}" for alias in node.names if not alias.name.startswith("__"))
    return found


def room(path: Path) -> str:
    """The room a file belongs to: its folder under kulla, or its own name."""
    part = path.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")
