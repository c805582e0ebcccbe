"""A real time-stamping authority (RFC 3161), as OpenSSL runs one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

OPENSSL = shutil.which("openssl")
CONFIG = """
[ tsa ]
default_tsa = one
[ one ]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
[ ca ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[ tsaext ]
basicConstraints = CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ req ]
distinguished_name = dn
[ dn ]
"""


class Authority:
    """A root and a signer below it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "serial").write_text("01")
        (folder / "conf").write_text(CONFIG.format(folder=folder))
        self._run(
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 3650 -subj /CN=Root -extensions ca"
        )
        self._run("req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /O=Authority/CN=TSA")
        self._run("x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 -out tsa.pem "
                  "-extfile conf -extensions tsaext")  # fmt: skip
        self.certificates = (folder / "ca.pem").read_bytes()

    def answer(self, request: bytes) -> bytes:
        (self.folder / "q").write_bytes(request)
        self._run("ts -reply -queryfile q -inkey tsa.key -signer tsa.pem -out r -config conf")
        return (self.folder / "r").read_bytes()

    def _run(self, words: str) -> None:
        environment = {**os.environ, "OPENSSL_CONF": str(self.folder / "conf")}
        done = subprocess.run([str(OPENSSL), *words.split()], cwd=self.folder, env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
