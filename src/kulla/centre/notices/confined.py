"""A stranger's message read in a process of its own: without network, programs or files, its time and memory bounded.

    python -m kulla.centre.notices.confined        (the message on standard input; JSON on standard output)

Whatever becomes of the child, the message is taken: what was not read is told.
"""

from __future__ import annotations

import base64
import json
import resource
import subprocess
import sys
from dataclasses import asdict
from typing import Final

from kulla.centre.notices.mail import Mail, Part, read
from kulla.events.confine import Limits, confine

SECONDS: Final = 20
"""Of processor time: 64 MiB of ordinary mail take 2 to 3."""
_PATIENCE: Final = 90.0
_MEMORY: Final = 1 << 30


def read_confined(data: bytes) -> Mail:
    """What `mail.read` makes of a message. Never raises for what the message is."""
    command = [sys.executable, "-m", "kulla.centre.notices.confined"]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            command, input=data, capture_output=True, timeout=_PATIENCE, check=True
        )
        return _told(done.stdout)
    except subprocess.TimeoutExpired:
        return Mail(faults=("reading it took too long: not read, kept whole",))
    except (subprocess.CalledProcessError, ValueError, KeyError, TypeError):
        return Mail(faults=("reading it took too much time or memory: not read, kept whole",))


def _told(text: bytes) -> Mail:
    row = json.loads(text)
    parts = tuple(Part(**{**each, "content": base64.b64decode(each["content"])}) for each in row.pop("parts"))
    return Mail(**{**row, "ids": tuple(row["ids"]), "faults": tuple(row["faults"])}, parts=parts)


def main() -> None:
    """Read one message."""
    data = sys.stdin.buffer.read()
    "".encode("cp1252"), "".encode("idna"), b"".decode("latin-1")  # codecs are files: loaded while there are some
    confine(Limits(memory=_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    row = asdict(read(data))
    for part in row["parts"]:
        part["content"] = base64.b64encode(part["content"]).decode()
    sys.stdout.write(json.dumps(row))


if __name__ == "__main__":
    main()
