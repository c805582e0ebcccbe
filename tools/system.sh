#!/usr/bin/env bash
# Install the Debian packages that real-browser and real-server tests use. Without root: say what is missing.
set -euo pipefail

missing=()
command -v chromium >/dev/null || missing+=(chromium)
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing+=(postgresql)
ls /usr/lib/postgresql/*/lib/pgaudit.so >/dev/null 2>&1 || missing+=(PGAUDIT)
[ ${#missing[@]} = 0 ] && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Not installed: ${missing[*]}. The tests that need them will skip." >&2
    exit 0
fi

apt-get update -qq
pgaudit=$(apt-cache search --names-only '^postgresql-[0-9]+-pgaudit$' | sort -V | tail -n 1 | cut -d' ' -f1)
packages=()
for name in "${missing[@]}"; do
    if [ "$name" = PGAUDIT ]; then packages+=("$pgaudit"); else packages+=("$name"); fi
done
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"
