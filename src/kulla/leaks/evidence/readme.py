"""The plain texts in a package, in English and Albanian: what is in it, how to verify it, how to re-run. Pure."""

from __future__ import annotations

from typing import Final, Literal

from kulla.leaks.evidence.statements import OF_THE_RUN, source
from kulla.leaks.trace import Trace

Kind = Literal["full", "disclosure", "rerun"]

_ABOUT: Final[dict[Kind, tuple[str, str]]] = {
    "full": (
        """EVIDENCE PACKAGE, FULL (for the court). It holds personal data: keep it locked.

trace.json               all that the trace states; report/ says it in words
statements.json          the same without what belongs to one run: equal for each re-run
inputs/                  the leaked files as they were handed over (names: trace.json)
timestamp/               the list of their hashes made at intake, and its time-stamp if there is one
notices/                 drafts of notices after articles 33 and 34 GDPR
attachments/             runs on this leak, seals of audit logs, and what else was attached
redactions.json          what the marks `redacted:…` of a disclosure package stand for
""",
        """PAKETA E PROVAVE, E PLOTË (për gjykatën). Përmban të dhëna personale: ruajeni të kyçur.

trace.json               gjithçka që pohon gjurmimi; report/ e thotë me fjalë
statements.json          e njëjta pa ato që i përkasin një gjurmimi të vetëm: njësoj në çdo përsëritje
inputs/                  skedarët e rrjedhur siç u dorëzuan (emrat: trace.json)
timestamp/               lista e hash-eve të tyre, bërë kur u pranuan, dhe vula kohore nëse ka
notices/                 projektet e njoftimeve sipas neneve 33 dhe 34 GDPR
attachments/             gjurmimet e kësaj rrjedhjeje, vulat e ditarëve dhe çfarë tjetër u bashkëngjit
redactions.json          çfarë fshihet pas shenjave `redacted:…` të një pakete për palët
""",
    ),
    "disclosure": (
        """EVIDENCE PACKAGE FOR DISCLOSURE. Names of other persons are replaced by `redacted:` and a hash.

trace.json               all that the trace states, redacted; report/ says it in words
withheld.json            salted hashes of what is only in the full package; the court has the salts
timestamp/               the list of the leaked files' hashes made at intake, and its time-stamp if there is one

A mark is SHA-256 over a salt and the name; a withheld hash is SHA-256 over a salt and the file. The court holds salts,
names and files (redactions.json of the full package) and compares:
  printf '%s' SALTNAME | sha256sum
  (printf '%s' SALT; cat FILE) | sha256sum
""",
        """PAKETA E PROVAVE PËR PALËT. Emrat e personave të tjerë janë zëvendësuar me `redacted:` dhe një hash.

trace.json               gjithçka që pohon gjurmimi, pa emrat; report/ e thotë me fjalë
withheld.json            hash-et me kripë të asaj që gjendet vetëm në paketën e plotë; kripërat i ka gjykata
timestamp/               lista e hash-eve të skedarëve të rrjedhur, bërë kur u pranuan, dhe vula kohore nëse ka

Një shenjë është SHA-256 mbi një kripë dhe emrin; të dyja i ka gjykata (redactions.json e paketës së plotë).
""",
    ),
    "rerun": (
        """PACKAGE FOR AN EXPERT'S RE-RUN. It holds no personal value and no key.

PROCEDURE.txt            how the run is repeated at the register owner's site
requirements.lock        the libraries and their versions
calibration/             what naming was measured against, of each register that had it
parameters.json          all numbers that the statements depend on, seeds included
registers.json           which state of which register: hashes of imprint and reads
keys.json                commitments to the keys: SHA-256, never a key
inputs.sha256            hashes of the leaked files
expected/, compare.py    what the re-run must find, and how it is compared
""",
        """PAKETA PËR PËRSËRITJEN NGA NJË EKSPERT. Nuk përmban asnjë vlerë personale dhe asnjë çelës.

PROCEDURE.txt            si përsëritet gjurmimi te zotëruesi i regjistrit
requirements.lock        bibliotekat dhe versionet e tyre
calibration/             me se u mat emërtimi, për çdo regjistër që e kishte
parameters.json          të gjithë numrat prej të cilëve varen pohimet
registers.json           cila gjendje e cilit regjistër: hash-et e gjurmës dhe të leximeve
keys.json                angazhimet për çelësat: SHA-256, kurrë çelës
inputs.sha256            hash-et e skedarëve të rrjedhur
expected/, compare.py    çfarë duhet të gjejë përsëritja, dhe si krahasohet
""",
    ),
}

_VERIFY: Final = (
    """HOW TO VERIFY IT
Get the fingerprint of the signing key by another way than this package: by telephone, on paper. Then

  sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]

or by hand, in this folder:

  openssl pkey -pubin -in SIGNING-KEY.pem -noout -text      must begin with: ED25519 Public-Key
  openssl pkey -pubin -in SIGNING-KEY.pem -outform DER | tail -c 32 | sha256sum | cut -c 1-32
                                                            must be the fingerprint
  openssl pkeyutl -verify -pubin -inkey SIGNING-KEY.pem -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig
  sha256sum -c MANIFEST.sha256
  find . -type f | wc -l                                    lines of MANIFEST.sha256, and two

For Windows see docs/evidence-packages.md of Kulla. A key inside the package proves nothing.
""",
    """SI TË VERIFIKOHET
Merrni gjurmën (fingerprint) e çelësit nënshkrues me një rrugë tjetër, jo nga kjo paketë: me telefon, në letër. Pastaj

  sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]

ose me dorë, me komandat më lart. Për Windows shihni docs/evidence-packages.md të Kulla-s. Një çelës brenda paketës nuk
provon asgjë.
""",
)

_PROCEDURE: Final = """PROCEDURE FOR A RE-RUN, case {case}

Where: at the site of each register's owner ({owners}), on a machine without a network. Keys do not leave the owner.
Who: the expert, the owner's key keeper, and a second person; parties may watch.
What must be there: {needed}

1. Install Kulla {kulla} from its source with exactly the versions of requirements.lock. Where there is a network:
     python3 -m pip download --no-deps -r requirements.lock -d wheels
   and on the machine without one, with wheels/ and Kulla's source:
     python3 -m venv run && run/bin/pip install --no-index --find-links wheels --no-deps -r requirements.lock
     run/bin/pip install --no-index --no-build-isolation --no-deps ./kulla
2. Check that the leaked files are the ones: sha256sum -c inputs.sha256, in a folder that has them as inputs/01, ...
3. Check that register and reads are in the state of registers.json (step 6 compares them too). In a register's folder:
     for each in imprint/part-*.parquet; do sha256sum "$each" | cut -c 1-64; done | xxd -r -p | sha256sum
     for each in reads/*.parquet; do sha256sum "$each" | cut -c 1-64; done | xxd -r -p | sha256sum
   Put calibration/NAME.json of this package, if there is one, into the folder as calibration.json.
4. Check that the keys are the ones. The key keeper runs, for each key of keys.json, with LABEL from there:
     (printf 'kulla key commitment 1\\0%s\\0' 'LABEL'; cat KEY) | sha256sum
   where KEY holds the 32 raw bytes of the secret of that epoch: `secret` in the key file, through base64 -d.
   It must be equal to the commitment.
5. Run the trace with the parameters of the first run, case and purpose of the re-run{more}:
     run/bin/kulla leak trace {files} {where} \\
         {options} \\
         --case N --purpose TEXT --by PERSON --with PERSON --out trace.json
   --as-of judges the age of the calibration at the time of the first run.
6. Compare, with any Python 3, leaving out what belongs to a run ({fields}; how files were called and handed over):
     python3 compare.py trace.json expected/statements.json
   It must print "the same". What differs is to be told to the court together with its reason.

SHQIP: Përsëritja bëhet te zotëruesi i regjistrit, në një kompjuter pa rrjet; çelësat nuk dalin prej andej. Hapat: (1)
instaloni Kulla {kulla} me bibliotekat e requirements.lock; (2) krahasoni hash-et e skedarëve; (3) krahasoni hash-et e
regjistrit dhe të leximeve; (4) krahasoni angazhimet e çelësave; (5) bëni gjurmimin me parametrat e dhënë; (6) krahasoni
pohimet: duhet të jenë të njëjta. Çdo ndryshim i thuhet gjykatës bashkë me arsyen.
"""

_CENTRE: Final = (
    """a copy of the centre's folder as it was (registers/), the key files of the centre and of each owner.
What a centre tells has noise made with its key, so its statements come out again with that key alone.""",
    "--centre DIR --centre-key FILE --owner-key REGISTER=FILE",
)
_OWNER: Final = ("a copy of the owner's folder as it was, and the owner's key.", "--owner DIR --key FILE")

_COMPARE: Final = """# Compares a trace with what is expected:  python3 compare.py trace.json expected/statements.json
from __future__ import annotations

import json
import sys


{source}

with open(sys.argv[1], encoding="utf-8") as file:
    mine = without_run(json.load(file), {fields})
with open(sys.argv[2], encoding="utf-8") as file:
    expected = json.load(file)
differing = sorted(name for name in {{*mine, *expected}} if mine.get(name) != expected.get(name))
print("different in: " + ", ".join(differing) if differing else "the same")
sys.exit(1 if differing else 0)
"""


def compare() -> bytes:
    """compare.py: the comparison of a re-run, for any Python."""
    return _COMPARE.format(fields=OF_THE_RUN, source=source()).encode()


def readme(kind: Kind) -> bytes:
    """README.txt of a package."""
    english, albanian = _ABOUT[kind]
    return f"{english}\n{_VERIFY[0]}\n{'-' * 72}\n\n{albanian}\n{_VERIFY[1]}".encode()


def procedure(trace: Trace) -> bytes:
    """PROCEDURE.txt: how an expert repeats the run."""
    owners = "; ".join(f"{used.owner}: {used.name}" for used in trace.registers)
    needed, where = _OWNER if trace.parameters.get("site") == "owner" else _CENTRE
    extra = [name for name, held in (("--logs", trace.leads), ("--marks", trace.marks)) if held]
    return _PROCEDURE.format(
        case=_line(trace.case), owners=_line(owners), kulla=_line(trace.kulla), fields=", ".join(OF_THE_RUN),
        needed=needed, where=where, options=_line(_options(trace)),
        files=" ".join(f"inputs/{at:02}" for at in range(1, len(trace.inputs) + 1)),
        more=f", and the same {' and '.join(extra)}" if extra else "",
    ).encode("utf-8", "backslashreplace")  # fmt: skip


def _options(trace: Trace) -> str:
    """The options by which the first run's parameters are given again."""
    given = trace.parameters
    told = [f"--register {used.name}" for used in trace.registers]
    told += [f"--{name.replace('_', '-')} {given[name]}" for name in ("seed", "prior_unlogged") if name in given]
    told += [f"--seen {given['seen']}"] if given.get("seen") else []
    return " ".join([*told, f"--as-of {given.get('as_of') or trace.made}"])


def _line(text: str) -> str:
    """A text from outside on one line, without controls."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
