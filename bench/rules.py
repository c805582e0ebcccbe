"""The rules of the bench: all Windows rules of SigmaHQ's active folders, and seeded samples of them."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import yaml

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting", "rules-dfir", "rules-compliance")


def windows_rules(sigma: Path) -> list[Path]:
    """The files, in a fixed order, of rules whose logsource names Windows; rules with `expand` are left out."""
    files = [path for folder in FOLDERS for path in sorted((sigma / folder).rglob("*.yml"))]
    return [path for path in files if _runs_on_windows(path.read_text(encoding="utf-8"))]


def _runs_on_windows(text: str) -> bool:
    if "|expand" in text or "windows" not in text:
        return False
    documents = [found for found in yaml.load_all(text, yaml.CSafeLoader) if isinstance(found, dict)]
    return any(found.get("logsource", {}).get("product") == "windows" for found in documents)


def folder_of(files: list[Path], target: Path, count: int | None = None, seed: int = 2026) -> Path:
    """A folder with copies of all files, or of `count` drawn by seed, so that every engine reads the same ones."""
    chosen = files if count is None else sorted(random.Random(seed).sample(files, min(count, len(files))))
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for number, path in enumerate(chosen):
        shutil.copyfile(path, target / f"{number:04}-{path.name}")
    return target
