"""`verify.sh` as it lies in each package: POSIX sh, openssl, sha256sum; nothing of ours."""

from __future__ import annotations

from typing import Final

EPHEMERAL: Final = "EPHEMERAL.pem"
"""In a package whose content is sealed to a recipient."""
MANIFEST: Final = "MANIFEST.sha256"
SIGNATURE: Final = "MANIFEST.sig"
PUBLIC: Final = "SIGNING-KEY.pem"

SCRIPT: Final = r"""#!/bin/sh
# Verifies this package:  sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]
#
# FINGERPRINT is that of the signing key, got by another way than this package: by telephone, on paper, from the
# authority's web site. A key inside the package proves nothing: whoever altered the package could have put it there,
# and could have altered this script too. If in doubt run your own copy of it, or the commands in README.txt by hand.
set -u
LC_ALL=C
export LC_ALL

fail() {
    echo "NOT VERIFIED: $1" >&2
    exit 1
}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "NOT VERIFIED: sh verify.sh FINGERPRINT [TSA-CERTIFICATES.pem]" >&2
    echo "The fingerprint must come by another way than this package." >&2
    exit 2
fi
wanted=$(printf '%s' "$1" | tr 'A-F' 'a-f' | tr -d ' :-')
case $wanted in
    *[!0-9a-f]*) fail "the fingerprint has other characters than 0-9 and a-f" ;;
esac
[ ${#wanted} -eq 32 ] || fail "the fingerprint must have 32 hexadecimal digits"

authority=
if [ $# -eq 2 ]; then
    [ -f "$2" ] || fail "no file $2"
    authority=$(CDPATH='' cd -- "$(dirname -- "$2")" && pwd)/$(basename -- "$2")
fi
CDPATH='' cd -- "$(dirname -- "$0")" || fail "the folder of this script cannot be entered"

for tool in openssl sha256sum od find sort cut; do
    command -v "$tool" >/dev/null 2>&1 || fail "the program $tool is missing"
done
for file in MANIFEST.sha256 MANIFEST.sig SIGNING-KEY.pem; do
    [ -f "$file" ] && [ ! -L "$file" ] || fail "$file is missing"
done

# 1. The key is of the kind Ed25519: 44 bytes that begin with these 12. (An RSA key could be made to end in any 32
#    bytes.) And it is the one you were told of.
der=$(openssl pkey -pubin -in SIGNING-KEY.pem -outform DER 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
case ${#der}:$der in
    88:302a300506032b6570032100*) ;;
    *) fail "SIGNING-KEY.pem is no Ed25519 key" ;;
esac
found=$(openssl pkey -pubin -in SIGNING-KEY.pem -outform DER 2>/dev/null | tail -c 32 | sha256sum | cut -c 1-32)
[ "$found" = "$wanted" ] || fail "the key is not the one of that fingerprint"

# 2. That key signed the manifest.
openssl pkeyutl -verify -pubin -inkey SIGNING-KEY.pem -rawin -in MANIFEST.sha256 -sigfile MANIFEST.sig \
    >/dev/null 2>&1 || fail "the signature over MANIFEST.sha256 does not hold"

# 3. Every file of the manifest is there and unaltered, and nothing else is.
odd=$(find . ! -type f ! -type d)
[ -z "$odd" ] || fail "something here is neither a file nor a folder"
odd=$(find . -name '*[!A-Za-z0-9._-]*')
[ -z "$odd" ] || fail "a file here has a name that no file of a package has"
sha256sum -c MANIFEST.sha256 >/dev/null 2>&1 || {
    sha256sum -c MANIFEST.sha256 2>/dev/null | grep -v ': OK$' >&2
    fail "a file is missing or altered"
}
listed=$(cut -c 67- MANIFEST.sha256 | sort)
there=$(find . -type f | cut -c 3- | grep -v -F -x -e MANIFEST.sha256 -e MANIFEST.sig | sort)
[ "$listed" = "$there" ] || fail "there are files that the manifest does not name"

# 4. The time-stamps, where there are any and the authority's certificates were given.
lists=0
for list in timestamp/intake.sha256 timestamp/*/intake.sha256; do
    [ -f "$list" ] || continue
    lists=$((lists + 1))
    response=${list%/*}/response.tsr
    if [ ! -f "$response" ]; then
        echo "There is no time-stamp of an independent authority over $list."
    elif [ -z "$authority" ]; then
        echo "There is a time-stamp over $list; it was not checked: name the authority's certificates to check it."
    elif openssl ts -verify -data "$list" -in "$response" -CAfile "$authority" >/dev/null 2>&1; then
        echo "The time-stamp over $list holds:"
        openssl ts -reply -in "$response" -text 2>/dev/null | grep 'Time stamp:'
    else
        fail "the time-stamp does not hold: $list"
    fi
done
if [ -f EPHEMERAL.pem ]; then
    echo "The content is sealed to a recipient; whether there are time-stamps is seen once it is open."
elif [ "$lists" -eq 0 ]; then
    echo "There is no time-stamp of an independent authority in this package."
fi
echo "VERIFIED: $(wc -l < MANIFEST.sha256 | tr -d ' ') files, signed with the key $found"
"""
