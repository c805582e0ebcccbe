"""What goes into the evidence packages of a trace besides the trace itself."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import distributions
from pathlib import Path

from kulla.leaks.desk.request import Made
from kulla.leaks.desk.runs import excerpt
from kulla.leaks.desk.site import Site
from kulla.leaks.evidence import Content, Evidence, Intake, Packed, intake, signing_key, write_packages
from kulla.registers.desk.describing import MANIFEST

SEALS = "seals.jsonl"


def stamped(made: Made, site: Site, certificates: bytes = b"") -> Intake:
    """The state of the leak's time-stamp; its request is made when there is none yet.

    The request lies in the leak's own folder: whoever has a way to the authority sends it, and puts the answer there.
    """
    return intake(site.traces(made.trace.leak) / "timestamp", [one.sha256 for one in made.trace.inputs], certificates)


def pack(made: Made, site: Site, folder: Path, key: Path, stamp: Intake) -> tuple[Packed, ...]:
    """Write the packages of a trace below a folder. Raises OutputError, InputError, ConfigError, UsageError."""
    evidence = Evidence(
        made.trace, made.files, stamp.request, stamp.response, stamp.stamp, _attachments(made, site),
        environment(), dict(made.commitments),
    )  # fmt: skip
    return write_packages(folder, evidence, signing_key(key))


def environment() -> bytes:
    """The libraries of this process with their versions, one a line: what a re-run needs."""
    names = ((dist.metadata["Name"] or "").lower() for dist in distributions())
    found = {name: dist.version for name, dist in zip(names, distributions(), strict=True) if name not in ("", "kulla")}
    return "".join(f"{name}=={version}\n" for name, version in sorted(found.items())).encode()


def _attachments(made: Made, site: Site) -> Mapping[str, Content]:
    trace = made.trace
    runs = excerpt(site.runs, trace.leak, [one.sha256 for one in trace.inputs], trace.case)
    found: dict[str, Content] = {"runs.jsonl": runs}
    for used in made.trace.registers:
        register = site.register(used.name)
        for path in (register.path / SEALS, register.path / MANIFEST, register.calibration):
            if path.exists():
                found[f"{used.name}/{path.name}"] = path
    return found
