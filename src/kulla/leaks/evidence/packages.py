"""All packages of a trace at once: for the court, for each account that is named, for an expert."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kulla.leaks.evidence.contents import Evidence, disclosure, full, made_of, rerun
from kulla.leaks.evidence.package import Packed, write_package
from kulla.leaks.trace import Trace
from kulla.registers.sealing.signkeys import new_key, private_key

KINDS: Final = ("full", "rerun", "disclosure-1")
"""The folders of the packages that every trace gives."""


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key that signs packages; made, with its public key beside it, when there is none.

    Raises InputError, ConfigError, UsageError, OutputError as `registers.sealing.signkeys`.
    """
    if not path.exists():
        new_key(path)
    return private_key(path)


def write_packages(folder: Path, evidence: Evidence, key: Ed25519PrivateKey) -> tuple[Packed, ...]:
    """Write every package below a folder: `full`, `rerun`, and for each party `disclosure-1` …

    A party is an account that an outcome names, in the order of pieces; each gets a package in which only the others
    are redacted. Where none is named there is one in which all are. Raises OutputError, InputError.
    """
    made = made_of(evidence.trace)
    contents = {"full": full(evidence, key), "rerun": rerun(evidence)}
    parties = [[account] for account in named(evidence.trace)] or [[]]
    for number, keep in enumerate(parties, 1):
        contents[f"disclosure-{number}"] = disclosure(evidence, key, keep)
    return tuple(write_package(folder / name, each, key, made) for name, each in contents.items())


def named(trace: Trace) -> tuple[str, ...]:
    """The accounts that the outcomes name, each once. A tie names nobody."""
    found: dict[str, None] = {}
    for attribution in trace.attributions:
        if attribution["outcome"] not in ("episode", "set"):
            continue
        for at in attribution["named"]:
            found[attribution["candidates"][at]["account"]] = None
    return tuple(found)
