"""What a trace states, apart from who ran it and when: what a re-run must find again, byte for byte. Pure."""

from __future__ import annotations

import hashlib
import inspect
from typing import Any, Final

import orjson

from kulla.leaks.trace import Trace

OF_THE_RUN: Final = ("case", "purpose", "actor", "second", "made", "earlier", "protected")
"""Fields that belong to the run. `earlier` grows with each run; answers to sealed lists are blinded anew each time."""


def without_run(whole: dict[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """What trace.json states, without what belongs to the run: these fields, how the files were called and handed over.

    A table that bears its file's name gets the file's place instead: inputs/01. compare.py is made of this function.
    """
    names = [one["name"] for one in whole["inputs"]]

    def called(text: str, at: int) -> str:
        name = names[at] if at < len(names) else ""
        mine = name and (text == name or text.startswith((name + "/", name + ":")))
        return f"inputs/{at + 1:02}{text[len(name) :]}" if mine else text

    told = {key: value for key, value in whole.items() if key not in fields}
    told["parameters"] = {key: value for key, value in whole["parameters"].items() if key != "as_of"}
    for key in ("tables", "pieces"):
        told[key] = [{**each, "table": called(each["table"], each["file"])} for each in whole[key]]
    told["inputs"] = []
    for at, one in enumerate(whole["inputs"]):
        kept = {k: v for k, v in one.items() if k not in ("name", "source", "handed_by", "legal_basis", "received")}
        kept["tables"] = [{**each, "name": called(each["name"], at)} for each in one["tables"]]
        kept["problems"] = [called(each, at) for each in one["problems"]]
        told["inputs"].append(kept)
    return told


def statements(trace: Trace) -> bytes:
    """The trace without what belongs to the run, as JSON with sorted keys."""
    told = without_run(orjson.loads(trace.json()), OF_THE_RUN)
    return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def statements_sha256(trace: Trace) -> str:
    """The hash by which two runs are compared."""
    return hashlib.sha256(statements(trace)).hexdigest()


def source() -> str:
    """The text of `without_run`, for whoever compares without Kulla."""
    return inspect.getsource(without_run)
