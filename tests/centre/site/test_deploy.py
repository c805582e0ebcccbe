"""Django's own list for deployment, over the settings of a centre as it is served."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from centremade import centre_at

from kulla.centre.site import environment

CHECK = """import django
from django.core.management import call_command
django.setup()
call_command("check", deploy=True, fail_level="WARNING")
"""


@pytest.mark.parametrize("tls", ["self-signed", "proxy"])
def test_nothing_is_left_open(tmp_path: Path, tls: str) -> None:
    assert checked(tmp_path, tls=tls, listen="127.0.0.1:8443") == ""


def test_without_tls_it_would_be(tmp_path: Path) -> None:
    """What `--no-tls` gives up, on this machine alone: that the check tells of it shows that it looks."""
    told = checked(tmp_path, tls="none", listen="127.0.0.1:8080", host="localhost")
    assert "SESSION_COOKIE_SECURE" in told


def checked(path: Path, **options: str) -> str:
    """What the check found; empty when nothing."""
    environ = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    command = [sys.executable, "-c", CHECK]
    served = environment.of(centre_at(path, **options), environ)
    done = subprocess.run(command, env=served, capture_output=True, check=False, timeout=300)
    return done.stderr.decode() if done.returncode else ""
