"""Custody in words, in English and Albanian: the record of an item's events, and the receipt given at intake. Pure."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kulla.centre.vault.custody import CustodyEvent, Kind, Problem
from kulla.centre.vault.stamp import ItemStamp, State
from kulla.errors import InputError
from kulla.leaks.evidence.signing import fingerprint_of, holds

KINDS: Final[Mapping[Kind, tuple[str, str]]] = {
    "intake": ("taken in", "u pranua"),
    "viewed": ("viewed", "u pa"),
    "exported": ("exported", "u eksportua"),
    "transferred": ("transferred", "u kalua"),
    "sealed": ("sealed", "u vulos"),
    "released": ("released", "u dorëzua"),
    "disposed": ("disposed of", "u asgjësua"),
}
FIELDS: Final[Mapping[str, tuple[str, str]]] = {
    "actor": ("by", "nga"),
    "reason": ("reason", "arsyeja"),
    "place": ("place or device", "vendi ose pajisja"),
    "source": ("source", "burimi"),
    "officer": ("officer", "oficeri"),
    "legal_basis": ("legal basis", "baza ligjore"),
    "device": ("device or path", "pajisja ose shtegu"),
    "tool": ("tool", "mjeti"),
    "sha256": ("SHA-256", "SHA-256"),
    "size": ("bytes", "bajtë"),
    "name": ("called", "quhet"),
    "recipient": ("recipient", "marrësi"),
    "package": ("package", "paketa"),
    "seal": ("seal", "vula"),
    "method": ("method", "mënyra"),
    "witness": ("witness", "dëshmitari"),
}
STAMPS: Final[Mapping[State, tuple[str, str]]] = {
    "none": (
        "NO TIME-STAMP of an independent authority was requested: when it was taken in rests on our word.",
        "NUK U KËRKUA VULË KOHORE e një autoriteti të pavarur: koha e pranimit mbështetet te fjala jonë.",
    ),
    "waiting": (
        "NO TIME-STAMP of an independent authority has come yet: when it was taken in rests on our word.",
        "VULA KOHORE e autoritetit të pavarur NUK KA ARDHUR ende: koha e pranimit mbështetet te fjala jonë.",
    ),
    "unchecked": (
        "There is a time-stamp of an independent authority; it was not checked here.",
        "Ka vulë kohore të një autoriteti të pavarur; këtu nuk u kontrollua.",
    ),
    "verified": ("Time-stamp of an independent authority:", "Vulë kohore e një autoriteti të pavarur:"),
    "failed": (
        "THE TIME-STAMP DOES NOT HOLD: when it was taken in rests on our word.",
        "VULA KOHORE NUK QËNDRON: koha e pranimit mbështetet te fjala jonë.",
    ),
}
_HOLDS: Final = ("The chain of custody holds.", "Zinxhiri i ruajtjes qëndron.")
_BROKEN: Final = ("THE CHAIN OF CUSTODY DOES NOT HOLD:", "ZINXHIRI I RUAJTJES NUK QËNDRON:")
_RECORD: Final = ("CUSTODY RECORD", "REGJISTRI I RUAJTJES")
_RECEIPT: Final = ("RECEIPT FOR EVIDENCE", "DËFTESË PËR MARRJEN E PROVËS")
_SIGNED: Final = "-----SIGNATURE-----\n"
_HOW: Final = (
    """The SHA-256 above is the fingerprint of what was handed over: sha256sum FILE, or certutil -hashfile FILE SHA256.
The last line signs every line before the dashes, with the centre's key of this fingerprint:""",
    """SHA-256 më sipër është gjurma e asaj që u dorëzua: sha256sum SKEDARI, ose certutil -hashfile SKEDARI SHA256.
Rreshti i fundit nënshkruan çdo rresht para vijave, me çelësin e qendrës me këtë gjurmë:""",
)


def record(
    case: str, chains: Iterable[tuple[str, Sequence[CustodyEvent], ItemStamp]], problems: Sequence[Problem]
) -> bytes:
    """custody.txt: every event of every item, in both languages; first of all whether the chains hold."""
    chains = list(chains)
    halves = []
    for language in (0, 1):
        lines = [f"{_RECORD[language]}  {_line(case)}", ""]
        lines += [_BROKEN[language]] if problems else [_HOLDS[language]]
        lines += [f"  {_line(each.item)} {each.seq}: {each.text}" for each in problems]
        for number, events, stamp in chains:
            lines += ["", "=" * 72, _line(number), _stamp(stamp, language)]
            for event in events:
                lines += ["", f"{event.seq}. {event.time:%Y-%m-%d %H:%M:%S} UTC  {KINDS[event.kind][language]}"]
                lines += [f"   {name}: {text}" for name, text in _fields(event, language)]
                lines.append(f"   {event.hash}")
        halves.append("\n".join(lines) + "\n")
    return f"\n\n{'#' * 72}\n\n\n".join(halves).encode("utf-8", "backslashreplace")


def receipt(case: str, event: CustodyEvent, stamp: ItemStamp, centre: str, key: Ed25519PrivateKey) -> bytes:
    """What whoever handed the item over is given: both languages, signed. `event`: the intake.

    Equal inputs give equal bytes.
    """
    halves = []
    for language in (0, 1):
        lines = [f"{_RECEIPT[language]}  {_line(event.item)}", _line(centre), _line(case), ""]
        lines.append(f"{event.time:%Y-%m-%d %H:%M:%S} UTC  {KINDS[event.kind][language]}")
        lines += [f"{name}: {text}" for name, text in _fields(event, language)]
        lines += [f"custody event 1: {event.hash}", _stamp(stamp, language), "", _HOW[language], fingerprint_of(key)]
        halves.append("\n".join(lines) + "\n")
    text = f"\n{'#' * 72}\n\n".join(halves).encode("utf-8", "backslashreplace")
    return text + _SIGNED.encode() + base64.b64encode(key.sign(text)) + b"\n"


def receipt_holds(data: bytes, public: Ed25519PublicKey) -> bool:
    """Whether a receipt is as that key signed it. Raises InputError when it is no receipt."""
    text, mark, signature = data.rpartition(_SIGNED.encode())
    if not mark:
        raise InputError("no receipt: it has no signature")
    try:
        return signature.endswith(b"\n") and holds(base64.b64decode(signature[:-1], validate=True), text, public)
    except ValueError:
        return False


def _fields(event: CustodyEvent, language: int) -> Iterable[tuple[str, str]]:
    told = {"actor": event.actor, "reason": event.reason, "place": event.place, **event.details}
    for name, text in told.items():
        yield FIELDS[name][language] if name in FIELDS else _line(name), _line(text)


def _stamp(stamp: ItemStamp, language: int) -> str:
    text = STAMPS[stamp.state][language]
    return f"{text} {stamp.time} {_line(stamp.authority)}" if stamp.state == "verified" else text


def _line(text: str) -> str:
    """A text from outside on one line, without controls or marks that turn its direction."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
