from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from leaktraces import trace

from kulla.errors import InputError, OutputError
from kulla.leaks.evidence import Evidence, Packed, disclosure, fingerprint_of, full, made_of, rerun, write_package
from kulla.leaks.evidence.package import Content
from kulla.leaks.evidence.signing import public_pem
from kulla.leaks.evidence.verifyscript import SCRIPT

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34)))  # its public key is odd: see rsa_that_ends_alike
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
CONTENTS: dict[str, Content] = {"trace.json": b"{}\n", "report/report.en.pdf": b"%PDF", "inputs/01": b"\x00\xff"}


def packed(folder: Path, contents: dict[str, Content] | None = None) -> Packed:
    return write_package(folder / "case", contents or CONTENTS, KEY, 1_764_581_400)


def verify(folder: Path, *args: str, script: str = "verify.sh") -> tuple[int, str]:
    """verify.sh as its reader runs it: by the system's shell, from elsewhere."""
    done = subprocess.run(
        ["sh", str(folder / script), *args], cwd="/", capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@needs_openssl
def test_a_package_verifies_with_the_fingerprint(tmp_path: Path) -> None:
    made = packed(tmp_path)
    code, said = verify(made.folder, made.fingerprint)
    assert code == 0, said
    assert "VERIFIED: 5 files" in said
    assert made.fingerprint == fingerprint_of(KEY)
    # As read out by telephone.
    spoken = ":".join(made.fingerprint.upper()[at : at + 4] for at in range(0, 32, 4))
    assert verify(made.folder, spoken)[0] == 0


@needs_openssl
def test_the_tar_verifies_where_it_is_unpacked(tmp_path: Path) -> None:
    made = packed(tmp_path)
    with tarfile.open(made.tar) as tar:
        tar.extractall(tmp_path / "elsewhere", filter="data")
    code, said = verify(tmp_path / "elsewhere" / "case", made.fingerprint)
    assert code == 0, said


@needs_openssl
@pytest.mark.parametrize("args", [[], [""], ["f" * 32], ["xyz"], ["a" * 31], [fingerprint_of(OTHER)], ["a", "b", "c"],
                                  ["; true"], [fingerprint_of(KEY) + "0"]])  # fmt: skip
def test_without_the_right_fingerprint_nothing_verifies(tmp_path: Path, args: list[str]) -> None:
    code, said = verify(packed(tmp_path).folder, *args)
    assert code != 0
    assert "NOT VERIFIED" in said
    assert "\nVERIFIED" not in said


def altered(folder: Path) -> None:
    (folder / "inputs" / "01").write_bytes(b"\x00\xfe")


def removed(folder: Path) -> None:
    (folder / "trace.json").unlink()


def added(folder: Path) -> None:
    (folder / "inputs" / "02").write_bytes(b"more")


def hidden(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"more")


def almost(folder: Path) -> None:
    (folder / "MANIFESTxsha256").write_bytes(b"more")


def newline(folder: Path) -> None:
    (folder / "MANIFEST.sig\n").mkdir()
    (folder / "MANIFEST.sig\n" / ".MANIFEST.sha256").write_bytes(b"more")


def linked(folder: Path) -> None:
    (folder / "trace.json").rename(folder.parent / "trace.json")
    (folder / "trace.json").symlink_to(folder.parent / "trace.json")


def manifest_changed(folder: Path) -> None:
    altered(folder)
    old, new = (hashlib.sha256(data).hexdigest() for data in (b"\x00\xff", b"\x00\xfe"))
    text = (folder / "MANIFEST.sha256").read_text()
    (folder / "MANIFEST.sha256").write_text(text.replace(old, new))


def signed_by_another(folder: Path) -> None:
    """All of it made anew with another key: what a forger would do."""
    (folder / "SIGNING-KEY.pem").write_bytes(public_pem(OTHER))
    lines = []
    for line in (folder / "MANIFEST.sha256").read_text().splitlines():
        name = line[66:]
        lines.append(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n")
    manifest = "".join(lines).encode()
    (folder / "MANIFEST.sha256").write_bytes(manifest)
    (folder / "MANIFEST.sig").write_bytes(OTHER.sign(manifest))


def key_alone_swapped(folder: Path) -> None:
    (folder / "SIGNING-KEY.pem").write_bytes(public_pem(OTHER))


def rsa_that_ends_alike(folder: Path) -> None:
    """An RSA key whose exponent is the Ed25519 key's 32 bytes: its DER ends with them, and who made it can sign."""
    raw = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    number = RSAPublicNumbers(int.from_bytes(raw, "big"), (1 << 2048) - 1942289)
    pem = number.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "SIGNING-KEY.pem").write_bytes(pem)


def unsigned(folder: Path) -> None:
    (folder / "MANIFEST.sig").unlink()


FORGERIES: list[tuple[Callable[[Path], None], str]] = [
    (altered, "missing or altered"), (removed, "missing or altered"), (added, "does not name"),
    (hidden, "does not name"), (almost, "does not name"), (newline, "a name that no file"),
    (linked, "neither a file nor a folder"),
    (manifest_changed, "signature"), (signed_by_another, "not the one of that fingerprint"),
    (key_alone_swapped, "not the one of that fingerprint"), (rsa_that_ends_alike, "no Ed25519 key"),
    (unsigned, "MANIFEST.sig is missing"),
]  # fmt: skip


@needs_openssl
@pytest.mark.parametrize(("forge", "why"), FORGERIES, ids=lambda each: getattr(each, "__name__", ""))
def test_what_was_altered_does_not_verify(tmp_path: Path, forge: Callable[[Path], None], why: str) -> None:
    made = packed(tmp_path)
    forge(made.folder)
    code, said = verify(made.folder, made.fingerprint)
    assert code == 1
    assert "NOT VERIFIED" in said
    assert why in said
    if forge is signed_by_another:
        # It holds for the forger's own fingerprint: only the one told by another way protects.
        assert verify(made.folder, fingerprint_of(OTHER))[0] == 0


@needs_openssl
def test_the_commands_of_the_readme_verify_by_hand(tmp_path: Path) -> None:
    made = packed(tmp_path, {**CONTENTS, **rerun(Evidence(trace(), lock=b"x==1\n"))})
    text = (made.folder / "README.txt").read_text()
    run = [line.strip() for line in text.splitlines() if line.strip().startswith(("openssl pkeyutl", "sha256sum -c"))]
    assert len(run) == 2
    for command in run:
        subprocess.run(["sh", "-c", command], cwd=made.folder, check=True, capture_output=True)
    piped = re.search(r"openssl pkey .* cut -c 1-32", text)
    assert piped
    told = subprocess.run(["sh", "-c", piped.group()], cwd=made.folder, check=True, capture_output=True, text=True)
    assert told.stdout.strip() == made.fingerprint


@needs_openssl
def test_the_commands_of_the_docs_verify_by_hand(tmp_path: Path) -> None:
    made = packed(tmp_path)
    text = (Path(__file__).resolve().parents[3] / "docs" / "evidence-packages.md").read_text("utf-8")
    block = next(each for each in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "pkeyutl" in each)
    done = subprocess.run(["sh", "-euc", block], cwd=made.folder, check=True, capture_output=True, text=True)
    told = done.stdout.splitlines()
    assert told[:2] == ["ED25519 Public-Key:", made.fingerprint]
    assert "Signature Verified Successfully" in done.stdout
    assert int(told[-2]) == int(told[-1]) + 2


def test_the_script_is_posix() -> None:
    assert subprocess.run(["sh", "-n"], input=SCRIPT, text=True, check=False).returncode == 0
    assert not re.search(r"\[\[|\bfunction\b|\blocal\b|<\(|\becho -[en]", SCRIPT)


def test_equal_contents_give_equal_bytes(tmp_path: Path) -> None:
    first, second = (packed(tmp_path / name) for name in "ab")
    assert first.tar.read_bytes() == second.tar.read_bytes()
    assert first.manifest_sha256 == second.manifest_sha256
    later = write_package(tmp_path / "case", CONTENTS, KEY, 1_764_581_401)
    assert later.tar.read_bytes() != first.tar.read_bytes()


def test_packages_are_for_their_owner_alone(tmp_path: Path) -> None:
    made = packed(tmp_path)
    for path in (made.tar, made.folder, *made.folder.rglob("*")):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_nothing_is_overwritten_and_nothing_half_stays(tmp_path: Path) -> None:
    packed(tmp_path)
    with pytest.raises(OutputError, match="exists already"):
        packed(tmp_path)
    with pytest.raises(InputError, match="cannot be read"):
        write_package(tmp_path / "other", {"inputs/01": tmp_path / "gone"}, KEY, 0)
    assert {path.name for path in tmp_path.iterdir()} == {"case", "case.tar"}


@pytest.mark.parametrize("name", ["../out", "/etc/x", "a b", "a\nb", "", "MANIFEST.sig", ".hidden", "a//b", "-x", "ë"])
def test_names_that_no_package_has_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        write_package(tmp_path / "case", {name: b""}, KEY, 0)
    assert not list(tmp_path.iterdir())


def test_large_files_are_copied_as_they_are(tmp_path: Path) -> None:
    source = tmp_path / "leak.xlsx"
    source.write_bytes(os.urandom(3_000_000))
    made = packed(tmp_path, {"inputs/01": source})
    assert (made.folder / "inputs" / "01").read_bytes() == source.read_bytes()


@needs_openssl
def test_every_kind_of_package_verifies_and_is_made_the_same_again(tmp_path: Path) -> None:
    leaked = tmp_path / "Pagat.xlsx"
    leaked.write_bytes(b"PK\x03\x04")
    evidence = Evidence(trace(), (leaked,), attachments={"runs.jsonl": b"{}\n"}, lock=b"x==1\n")
    party = disclosure(evidence, KEY, ["pay_clerk_17"])
    kinds = {"full": full(evidence, KEY), "disclosure": party, "rerun": rerun(evidence)}
    for kind, contents in kinds.items():
        made = write_package(tmp_path / kind, contents, KEY, made_of(evidence.trace))
        code, said = verify(made.folder, made.fingerprint)
        assert code == 0, said
        assert "no time-stamp" in said
    again = write_package(tmp_path / "again" / "full", full(evidence, KEY), KEY, made_of(evidence.trace))
    assert again.tar.read_bytes() == (tmp_path / "full.tar").read_bytes()
    listed = orjson.loads((tmp_path / "disclosure" / "withheld.json").read_bytes())
    assert {"inputs/01", "attachments/runs.jsonl", "trace.json", "redactions.json"} <= set(listed)
