"""`kulla init`, `kulla run` and `kulla audit verify`, as people type them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import workermade

from kulla.centre import folder


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return workermade.environ(workermade.rules(tmp_path / "rules"))


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def running(path: Path, env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """`kulla run` until it says that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kulla", "run", str(path)], env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told: list[str] = []
        for line in process.stdout:
            told.append(line)
            if line.startswith("ready"):
                break
        else:
            raise AssertionError("".join(told))
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def descendants(pid: int) -> set[int]:
    """Processes below one, from /proc."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(entry.parent.name)] = int(entry.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found, waiting = set[int](), [pid]
    while waiting:
        above = waiting.pop()
        below = [each for each, parent in parents.items() if parent == above]
        found.update(below)
        waiting += below
    return found


def fetched(url: str, cafile: Path | None = None) -> tuple[int, str]:
    context = ssl.create_default_context(cafile=cafile) if cafile else None
    try:
        with urllib.request.urlopen(url, context=context, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_from_nothing_to_a_sign_in_and_back(tmp_path: Path, env: dict[str, str]) -> None:
    path, port = tmp_path / "centre", free()
    made = workermade.kulla(
        "init", path, "--name", "Qendra", "--keys", tmp_path / "keys", "--listen", f"127.0.0.1:{port}",
        "--admin", "arta", "--json", env=env,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert told["administrator"] == "arta"
    assert re.fullmatch(rf"https://localhost:{port}/welcome/\S{{40,}}", told["link"])
    assert re.fullmatch(r"[0-9A-F]{2}(:[0-9A-F]{2}){31}", told["fingerprint"])
    for each in (path, path / "state" / "centre.sqlite3", tmp_path / "keys", tmp_path / "keys" / "tls.key"):
        assert not each.stat().st_mode & 0o077, each
    assert "welcome" not in (path / "centre.toml").read_text()
    with running(path, env) as process:
        below = descendants(process.pid)
        certificate = tmp_path / "keys" / "tls.crt"
        assert fetched(f"https://localhost:{port}/health", certificate) == (200, '{"ok": true}')
        status, page = fetched(told["link"], certificate)
        assert status == 200
        assert "arta" in page
        assert fetched(f"https://localhost:{port}/welcome/{'x' * 43}", certificate)[0] == 410
        second = workermade.kulla("run", path, env=env)
        assert second.returncode == 5
        assert "another process runs this centre" in second.stderr
    assert len(below) >= 4
    assert process.returncode == 0
    assert not [pid for pid in below if Path(f"/proc/{pid}").exists()]
    checked = workermade.kulla("audit", "verify", path, "--json", env=env)
    assert checked.returncode == 0, checked.stderr
    found = json.loads(checked.stdout)
    assert found["faults"] == []
    assert found["entries"] >= 5


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path, env: dict[str, str]) -> None:
    path = tmp_path / "centre"
    made = workermade.kulla(
        "init", path, "--name", "Q", "--keys", tmp_path / "keys", "--no-tls", "--listen", f"127.0.0.1:{free()}", env=env
    )
    assert made.returncode == 0, made.stderr
    with running(path, env) as process:
        below = descendants(process.pid)
        process.kill()
        process.wait()
        for pid in below:
            for _ in range(200):
                if not Path(f"/proc/{pid}").exists() or _zombie(pid):
                    break
                signal.sigtimedwait([], 0.05)
            else:
                raise AssertionError("a process outlived the one that started it")
    with folder.opened(path).alone():
        pass


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--self-signed", "--no-tls"], "choose one"),
        (["--tls-cert", "x.pem"], "go together"),
        (["--no-tls", "--host", "kulla.example.al"], "needs a certificate"),
        (["--behind-proxy", "--listen", "0.0.0.0:80"], "127.0.0.1"),
        (["--listen", "nowhere"], "listen must be address:port"),
        (["--host", "a b"], "host"),
        (["--tls-cert", "no.pem", "--tls-key", "no.key"], "cannot be read"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_made(
    tmp_path: Path, env: dict[str, str], options: list[str], said: str
) -> None:
    done = workermade.kulla("init", tmp_path / "c", "--name", "Q", "--keys", tmp_path / "k", *options, env=env)
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert not (tmp_path / "c").exists()
    assert not (tmp_path / "k").exists()


def test_a_making_cut_short_is_finished_and_a_whole_centre_is_not_made_again(
    tmp_path: Path, env: dict[str, str]
) -> None:
    from centremade import centre_at

    centre = centre_at(tmp_path, host="localhost", tls="none")
    arguments = ("init", centre.path, "--name", "Qendra", "--keys", tmp_path / "keys", "--no-tls")
    first = workermade.kulla(*arguments, env=env)
    assert first.returncode == 0, first.stderr
    assert "/welcome/" in first.stdout
    again = workermade.kulla(*arguments, env=env)
    assert again.returncode == 2
    assert "is a centre already" in again.stderr


def test_a_database_that_is_behind_is_not_served(tmp_path: Path, env: dict[str, str]) -> None:
    from centremade import centre_at

    centre = centre_at(tmp_path, host="localhost", tls="none", listen=f"127.0.0.1:{free()}")
    done = workermade.kulla("run", centre.path, env=env)
    assert done.returncode == 2
    assert f"run kulla upgrade {centre.path}" in done.stderr
    other = workermade.kulla("run", centre.path, env={**env, "DATABASE_URL": "postgresql://a:secret@localhost/b"})
    assert other.returncode == 2
    assert "DATABASE_URL is set" in other.stderr
    assert "secret" not in other.stderr


def test_a_touched_audit_is_found(tmp_path: Path, env: dict[str, str]) -> None:
    path = workermade.centre(tmp_path, env)
    code = (
        "import sys; from pathlib import Path; from kulla.centre.folder import opened\n"
        "from kulla.centre.running import serving\n"
        "centre = opened(Path(sys.argv[1])); serving.set_up(centre)\n"
        "from kulla.centre.worker.watching import heads; heads(centre)\n"
        "from django.db import connection; cursor = connection.cursor()\n"
        "[cursor.execute(f'DROP TRIGGER {name}') for name, in cursor.execute("
        "\"SELECT name FROM sqlite_master WHERE type='trigger'\").fetchall()]\n"
        "cursor.execute('DELETE FROM audit_entry WHERE seq = (SELECT max(seq) FROM audit_entry)')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], env=env, check=True)
    done = workermade.kulla("audit", "verify", path, env=env)
    assert done.returncode == 3
    assert "it was cut off" in done.stdout
    kept = tmp_path / "heads.jsonl"
    os.rename(path / "state" / "audit-heads.jsonl", kept)
    assert workermade.kulla("audit", "verify", path, env=env).returncode == 0, "the limit that the help states"
    assert workermade.kulla("audit", "verify", path, "--anchor", kept, env=env).returncode == 3
