"""Run a command with DATABASE_URL naming a throw-away PostgreSQL: python tools/with_postgres.py COMMAND…

The role owns its databases and is no superuser, so that row-level security binds it as it binds the console's. The
command's exit code is ours; without a PostgreSQL here the command is not run, and that is said.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import pgserver


def main() -> int:
    """Start, run, stop."""
    if pgserver.binaries() is None:
        print(f"Not run: {pgserver.why_not() or 'no PostgreSQL of our own here'}", file=sys.stderr)
        return 0
    folder = Path(tempfile.mkdtemp(prefix="kulla-pg-"))
    try:
        with pgserver.cluster(folder, {"max_connections": "100"}, pgaudit=False) as server:
            server.execute("CREATE ROLE kulla LOGIN CREATEDB NOSUPERUSER NOBYPASSRLS")
            server.execute("CREATE DATABASE kulla OWNER kulla")
            # psycopg's connection string holds the port.
            port = dict(part.split("=", 1) for part in server.dsn().split())["port"]
            url = f"postgresql://kulla@127.0.0.1:{port}/kulla"
            environment = {**os.environ, "DATABASE_URL": url}
            return subprocess.run(sys.argv[1:], env=environment, check=False).returncode  # noqa: S603 our own command
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
