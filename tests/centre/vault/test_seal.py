from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from centremade import NOW
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from stampauthority import Authority

from kulla.centre.vault.custody import REQUIRED, CustodyEvent, follow
from kulla.centre.vault.custodytext import FIELDS, receipt, receipt_holds
from kulla.centre.vault.keyring import new_vault_key
from kulla.centre.vault.seal import Exhibit, Export, seal_case
from kulla.centre.vault.sealbox import OPEN, key_fingerprint, new_box, recipient_key
from kulla.centre.vault.stamp import ItemStamp, item_stamp, stamp_request
from kulla.centre.vault.store import Store
from kulla.errors import ConfigError, InputError, OutputError
from kulla.leaks.evidence import Packed, fingerprint_of

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
KEY, CUSTODY = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (3, 4))
PRIVATE = X25519PrivateKey.from_private_bytes(bytes([5]) * 32)
RECIPIENT = PRIVATE.public_key().public_bytes_raw()
CONTENT = {"E-1": b"id;emri\n1;Besa\n" * 70_000, "E-2.img": b"", "E-3": b"\x00\xff"}


def intake_of(number: str, sha256: str, size: int) -> CustodyEvent:
    details = {
        "source": "letër anonime\nnga posta", "officer": "A. Hoxha", "legal_basis": "art. 12", "device": "/dev/sdb1",
        "tool": "Kulla 1", "sha256": sha256, "size": str(size), "name": "rroga\u202etxt.xlsx",
    }  # fmt: skip
    return follow(None, number, "intake", NOW, "a.hoxha", "found at 2026/31", "lab", details, CUSTODY)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "one")


@pytest.fixture
def case(tmp_path: Path, authority: Authority) -> tuple[Store, Export]:
    store = Store(tmp_path / "evidence", new_vault_key("evidence"))
    exhibits: list[Exhibit] = []
    for number, content in CONTENT.items():
        held = store.put([content], "2026/31")
        events = [intake_of(number, held.sha256, held.size)]
        events.append(follow(events[0], number, "viewed", NOW, "b.leka", "analysis", "desk 3", {}, CUSTODY))
        asked = stamp_request(number, held.sha256)
        stamp = [
            item_stamp(number, held.sha256, asked, authority.answer(asked), authority.certificates),
            item_stamp(number, held.sha256, asked), ItemStamp(),
        ][len(exhibits)]  # fmt: skip
        exhibits.append(Exhibit(number, held.address, "rroga.xlsx", events, stamp, "TLP:RED"))
    return store, Export("2026/31", "Qendra", "b.leka", "Prokuroria", "order 7", NOW, exhibits)


def sealed(tmp_path: Path, case: tuple[Store, Export], recipient: bytes = b"") -> Packed:
    store, export = case
    return seal_case(tmp_path / "out", export, store, KEY, [CUSTODY.public_key()], recipient)


def run(folder: Path, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        ["sh", *command], cwd=folder, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]}
    )
    return done.returncode, done.stdout + done.stderr


def private_pem(folder: Path, key: X25519PrivateKey = PRIVATE) -> str:
    path = folder / "private.pem"
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return str(path)


def test_an_export_verifies_with_the_systems_tools(
    tmp_path: Path, case: tuple[Store, Export], authority: Authority
) -> None:
    made = sealed(tmp_path, case)
    for number, content in CONTENT.items():
        assert (made.folder / "items" / number).read_bytes() == content
    code, said = run(Path("/"), str(made.folder / "verify.sh"), made.fingerprint, str(authority.folder / "ca.pem"))
    assert code == 0, said
    assert "The time-stamp over timestamp/E-1/intake.sha256 holds" in said
    assert "no time-stamp of an independent authority over timestamp/E-2.img/intake.sha256" in said
    assert run(made.folder, "-c", "sha256sum -c timestamp/E-1/intake.sha256")[0] == 0
    given = receipt("2026/31", case[1].exhibits[0].events[0], ItemStamp(state="waiting"), "Qendra", KEY)
    assert (made.folder / "receipts" / "E-1.txt").read_bytes() == given, "the receipt is the one given at intake"
    told = orjson.loads((made.folder / "items.json").read_bytes())
    assert [each["timestamp"]["state"] for each in told["items"]] == ["verified", "waiting", "none"]
    assert (told["custody_holds"], told["items"][0]["name"], told["items"][0]["marks"]) == (
        True,
        "rroga.xlsx",
        "TLP:RED",
    )


def test_an_item_altered_in_the_export_does_not_verify(tmp_path: Path, case: tuple[Store, Export]) -> None:
    made = sealed(tmp_path, case)
    (made.folder / "items" / "E-3").write_bytes(b"\x01\xff")
    code, said = run(made.folder, "verify.sh", made.fingerprint)
    assert (code, "items/E-3" in said) == (1, True)


def test_the_commands_of_the_readme_work(tmp_path: Path, case: tuple[Store, Export]) -> None:
    made = sealed(tmp_path, case)
    text = (made.folder / "README.txt").read_text("utf-8")
    for start in ("openssl pkeyutl -verify", "sha256sum -c"):
        command = next(line.strip() for line in text.splitlines() if line.strip().startswith(start))
        assert run(made.folder, "-ec", command)[0] == 0, command
    piped = re.search(r"openssl pkey .* cut -c 1-32", text)
    assert piped
    assert run(made.folder, "-ec", piped.group())[1].strip() == made.fingerprint
    loop = re.search(r"  while read.*?custody\.jsonl\n", text, re.DOTALL)
    assert loop
    hashes = [line.split()[0] for line in run(made.folder, "-ec", loop.group())[1].splitlines()]
    events = [event for each in case[1].exhibits for event in each.events]
    assert hashes == [event.hash for event in events]
    assert [event.previous for event in events if event.seq > 1] == [hashes[0], hashes[2], hashes[4]]


def test_the_record_says_whether_the_chain_holds(tmp_path: Path, case: tuple[Store, Export]) -> None:
    text = (sealed(tmp_path, case).folder / "custody.txt").read_text("utf-8")
    for words in ("The chain of custody holds.", "Zinxhiri i ruajtjes qëndron.", "E-2.img", "legal basis: art. 12",
                  "baza ligjore: art. 12", "NO TIME-STAMP", "Time-stamp of an independent authority: 20",
                  "letër anonime?nga posta", "called: rroga?txt.xlsx", "2. 2026-03-02 09:00:00 UTC  viewed",
    ):  # fmt: skip
        assert words in text, words
    store, export = case
    exhibits = [replace(export.exhibits[0], events=[export.exhibits[0].events[1]]), *export.exhibits[1:]]
    with pytest.raises(InputError, match="not what its intake"):
        seal_case(tmp_path / "two", replace(export, exhibits=exhibits), store, KEY)
    broken = replace(export.exhibits[0], events=[export.exhibits[0].events[0], export.exhibits[0].events[0]])
    made = seal_case(tmp_path / "two", replace(export, exhibits=[broken]), store, KEY, [CUSTODY.public_key()])
    text = (made.folder / "custody.txt").read_text("utf-8")
    assert "THE CHAIN OF CUSTODY DOES NOT HOLD" in text
    assert orjson.loads((made.folder / "items.json").read_bytes())["custody_holds"] is False
    made = seal_case(tmp_path / "three", export, store, KEY)
    assert "its signature does not hold" in (made.folder / "custody.txt").read_text("utf-8"), "an unknown key"


def test_an_altered_item_is_not_exported(tmp_path: Path, case: tuple[Store, Export]) -> None:
    store, export = case
    address = export.exhibits[0].address
    path = store.path / "items" / address[:2] / address
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.chmod(0o600)
    path.write_bytes(data)
    for recipient in (b"", RECIPIENT):
        with pytest.raises(InputError, match=address):
            sealed(tmp_path, case, recipient)
    assert not (tmp_path / "out").exists()


def test_an_export_of_the_wrong_content_or_twice_one_number_is_refused(
    tmp_path: Path, case: tuple[Store, Export]
) -> None:
    store, export = case
    one, two, _ = export.exhibits
    with pytest.raises(InputError, match="not what its intake tells of"):
        seal_case(tmp_path / "x", replace(export, exhibits=[replace(one, address=two.address)]), store, KEY)
    with pytest.raises(InputError, match="one number"):
        seal_case(tmp_path / "x", replace(export, exhibits=[one, one]), store, KEY)
    sealed(tmp_path, case)
    with pytest.raises(OutputError, match="exists already"):
        sealed(tmp_path, case)


def test_what_is_sealed_to_a_recipient_opens_with_openssl(
    tmp_path: Path, case: tuple[Store, Export], authority: Authority
) -> None:
    made = sealed(tmp_path, case, RECIPIENT)
    whole = b"".join(path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    for words in (b"Besa", b"Hoxha", b"rroga", b"2026/31", CONTENT["E-1"][:60]):
        assert words not in whole
    assert key_fingerprint(RECIPIENT).encode() in whole
    code, said = run(made.folder, "verify.sh", made.fingerprint)
    assert code == 0, said
    assert "sealed to a recipient" in said
    code, said = run(
        Path("/"), str(made.folder / "open.sh"), made.fingerprint, private_pem(tmp_path), str(tmp_path / "in")
    )
    assert code == 0, said
    for number, content in CONTENT.items():
        assert (tmp_path / "in" / "items" / number).read_bytes() == content
    code, said = run(tmp_path / "in", "verify.sh", made.fingerprint, str(authority.folder / "ca.pem"))
    assert code == 0, said
    plain = seal_case(tmp_path / "plain", case[1], case[0], KEY, [CUSTODY.public_key()])
    assert (tmp_path / "in" / "MANIFEST.sha256").read_bytes() == (plain.folder / "MANIFEST.sha256").read_bytes()


def test_nobody_else_opens_it(tmp_path: Path, case: tuple[Store, Export]) -> None:
    made = sealed(tmp_path, case, RECIPIENT)
    other = private_pem(tmp_path, X25519PrivateKey.generate())
    code, said = run(made.folder, "open.sh", made.fingerprint, other, str(tmp_path / "in"))
    assert (code, "sealed to another key" in said) == (1, True)
    code, said = run(made.folder, "open.sh", fingerprint_of(CUSTODY), other, str(tmp_path / "in2"))
    assert (code, "does not verify" in said) == (1, True)
    sealed_file = next(made.folder.glob("items/E-1.enc"))
    data = bytearray(sealed_file.read_bytes())
    data[5] ^= 1
    sealed_file.write_bytes(data)
    code, said = run(made.folder, "open.sh", made.fingerprint, private_pem(tmp_path), str(tmp_path / "in3"))
    assert (code, "does not verify" in said) == (1, True)


def test_each_file_has_a_key_of_its_own() -> None:
    box = new_box(RECIPIENT)
    flows = [b"".join(box.sealed(name, bytes(64))()) for name in ("a", "b")]  # type: ignore[operator]
    assert flows[0] != flows[1]
    assert b"".join(new_box(RECIPIENT).sealed("a", bytes(64))()) != flows[0]  # type: ignore[operator]


def test_keys_of_recipients() -> None:
    pem = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert recipient_key(pem) == RECIPIENT
    wrong = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for each in (b"", b"x", wrong):
        with pytest.raises(ConfigError, match="genpkey"):
            recipient_key(each)
    for each in (bytes(32), bytes(31)):  # the first gives a secret that everybody knows
        with pytest.raises(ConfigError, match="ask for another"):
            new_box(each)


def test_a_receipt_verifies_with_openssl_and_shows_any_change(tmp_path: Path) -> None:
    event = intake_of("E-1", "ab" * 32, 7)
    slip = receipt("2026/31", event, ItemStamp(state="waiting"), "Qendra", KEY)
    assert slip == receipt("2026/31", event, ItemStamp(state="waiting"), "Qendra", KEY)
    assert receipt_holds(slip, KEY.public_key())
    assert not receipt_holds(slip, CUSTODY.public_key())
    for at in range(0, len(slip), 7):
        changed = slip[:at] + bytes([slip[at] ^ 1]) + slip[at + 1 :]
        try:
            assert not receipt_holds(changed, KEY.public_key())
        except InputError:
            assert b"-----SIGNATURE-----\n" not in changed
    text, _, signature = slip.partition(b"-----SIGNATURE-----\n")
    for words in ("ab" * 32, fingerprint_of(KEY), "RECEIPT FOR EVIDENCE", "DËFTESË", "NO TIME-STAMP", event.hash):
        assert words in text.decode()
    (tmp_path / "t").write_bytes(text)
    (tmp_path / "s").write_bytes(base64.b64decode(signature))
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "k").write_bytes(pem)
    assert run(tmp_path, "-c", "openssl pkeyutl -verify -pubin -inkey k -rawin -in t -sigfile s")[0] == 0


def test_every_field_has_its_words() -> None:
    assert {name for names in REQUIRED.values() for name in names} <= set(FIELDS)


def test_a_stamp_for_another_item_does_not_hold(authority: Authority) -> None:
    asked = stamp_request("E-1", "ab" * 32)
    answer = authority.answer(asked)
    assert item_stamp("E-1", "ab" * 32, asked, answer, authority.certificates).state == "verified"
    assert item_stamp("E-1", "ab" * 32, asked, answer).state == "unchecked"
    for number, sha256 in (("E-2", "ab" * 32), ("E-1", "ac" * 32)):
        found = item_stamp(number, sha256, asked, answer, authority.certificates)
        assert (found.state, bool(found.problem)) == ("failed", True)


def test_the_script_is_posix() -> None:
    assert subprocess.run(["sh", "-n"], input=OPEN, text=True, check=False).returncode == 0
    assert not re.search(r"\[\[|\bfunction\b|\blocal\b|<\(|\becho -[en]", OPEN)
