"""README.txt of a sealed export, in English and Albanian, with the bare commands for Linux and Windows. Pure."""

from __future__ import annotations

from typing import Final

_OPEN_ABOUT: Final = """SEALED EXPORT OF EVIDENCE. It may hold personal data: keep it locked.

items/                   the items as they were taken in; what they were called: items.json
items.json               case, recipient; of each item hash, size, custody, time-stamp
custody.jsonl            every custody event; custody.txt says the same in words
custody-keys/            the keys that signed custody events
receipts/                as given to whoever handed an item over
timestamp/               of each item: its hash as stamped, the request, the answer if one has come
"""
_OPEN_ABOUT_SQ: Final = """EKSPORT I VULOSUR I PROVAVE. Mund të përmbajë të dhëna personale: ruajeni të kyçur.

items/                   provat siç u pranuan; si quheshin: items.json
items.json               çështja, marrësi; për çdo provë hash-i, madhësia, ruajtja, vula kohore
custody.jsonl            çdo ngjarje e ruajtjes; custody.txt e thotë me fjalë
custody-keys/            çelësat që nënshkruan ngjarjet e ruajtjes
receipts/                dëftesat që iu dhanë atij që dorëzoi provën
timestamp/               për çdo provë: hash-i i vulosur, kërkesa, përgjigjja nëse ka ardhur
"""
_SHUT_ABOUT: Final = """SEALED EXPORT OF EVIDENCE, ENCRYPTED to the X25519 key of this fingerprint:
{recipient}

Only who has the private key can open it. Each file NAME lies here as NAME.enc. Opened, it is a package that verifies by
itself, and can be passed on.

  sh open.sh FINGERPRINT PRIVATE-KEY.pem FOLDER

or by hand, with openssl 3:

  openssl pkeyutl -derive -inkey PRIVATE-KEY.pem -peerkey EPHEMERAL.pem -out shared.bin
  openssl pkey -pubin -in EPHEMERAL.pem -outform DER | tail -c 32 > salt.bin
  openssl pkey -in PRIVATE-KEY.pem -pubout -outform DER | tail -c 32 >> salt.bin
  for each file, with the hexadecimal of shared.bin and salt.bin:
  openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt hexkey:SHARED -kdfopt hexsalt:SALT \\
      -kdfopt "info:kulla sealed export 1 NAME" HKDF
  openssl enc -d -aes-256-ctr -K THAT-WITHOUT-COLONS -iv 00000000000000000000000000000000 -in NAME.enc -out NAME
"""
_SHUT_ABOUT_SQ: Final = """EKSPORT I VULOSUR I PROVAVE, I SHIFRUAR me çelësin X25519 me këtë gjurmë:
{recipient}

Vetëm kush ka çelësin privat mund ta hapë. Çdo skedar EMRI ndodhet këtu si EMRI.enc. I hapur, është një paketë që
verifikohet vetë dhe mund t'i kalohet dikujt tjetër.

  sh open.sh FINGERPRINT PRIVATE-KEY.pem FOLDER

ose me dorë, me komandat më lart.
"""
_VERIFY: Final = """HOW TO VERIFY IT
Get the fingerprint of the signing key by another way than this package: by telephone, on paper. Then

  sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]

or by hand, in this folder:

  openssl pkey -pubin -in SIGNING-KEY.pem -noout -text      must begin with: ED25519 Public-Key
  openssl pkey -pubin -in SIGNING-KEY.pem -outform DER | tail -c 32 | sha256sum | cut -c 1-32
                                                            must be the fingerprint
  openssl pkeyutl -verify -pubin -inkey SIGNING-KEY.pem -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig
  sha256sum -c MANIFEST.sha256
  find . -type f | wc -l                                    lines of MANIFEST.sha256, and two

On Windows, in PowerShell, with an openssl.exe 3 (Git for Windows brings one):

  openssl pkey -pubin -in SIGNING-KEY.pem -noout -text
  openssl pkey -pubin -in SIGNING-KEY.pem -outform DER -out key.der
  $d = [IO.File]::ReadAllBytes("$PWD\\key.der"); Remove-Item key.der
  $h = [Security.Cryptography.SHA256]::Create().ComputeHash([byte[]]$d[12..43])
  ($h[0..15] | ForEach-Object { $_.ToString("x2") }) -join ""
  openssl pkeyutl -verify -pubin -inkey SIGNING-KEY.pem -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig
  Get-Content MANIFEST.sha256 | ForEach-Object { $w, $n = $_ -split "  ", 2
    if ((Get-FileHash -Algorithm SHA256 -LiteralPath $n).Hash -ne $w) { "ALTERED OR MISSING: $n" } }
  (Get-ChildItem -Recurse -File -Force).Count; (Get-Content MANIFEST.sha256).Count

A key inside the package proves nothing.
"""
_CHAIN: Final = """HOW TO FOLLOW THE CUSTODY
Each line of custody.jsonl names in `previous` the hash of the one before it of the same item: SHA-256 over the line
without its signature.

  while read -r line; do
    printf '%s' "$line" | sed 's/"signature":"[A-Za-z0-9+/=]*",//' | sha256sum
  done < custody.jsonl
"""
_VERIFY_SQ: Final = """SI TË VERIFIKOHET
Merrni gjurmën (fingerprint) e çelësit nënshkrues me një rrugë tjetër, jo nga kjo paketë: me telefon, në letër. Pastaj

  sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]

ose me dorë, me komandat më lart. Një çelës brenda paketës nuk provon asgjë.
"""


def readme(recipient: str = "") -> bytes:
    """README.txt. recipient: fingerprint of the key that a package is sealed to; empty for one in the clear."""
    english, albanian = (_SHUT_ABOUT, _SHUT_ABOUT_SQ) if recipient else (_OPEN_ABOUT, _OPEN_ABOUT_SQ)
    parts = [english.replace("{recipient}", recipient), _VERIFY, *([] if recipient else [_CHAIN]), "-" * 72 + "\n",
             albanian.replace("{recipient}", recipient), _VERIFY_SQ]  # fmt: skip
    return "\n".join(parts).encode()
