#!/usr/bin/env bash
# Install the Debian packages that some tests use: Chromium for reports, PostgreSQL with pgaudit for registers (the
# version that this Debian has). No server is started and none that is there is touched: tests start their own.
# Without root: say what is missing.
set -euo pipefail

have_chromium() { command -v chromium >/dev/null; }

have_postgres() {
    local library
    for library in /usr/lib/postgresql/*/lib/pgaudit.so; do
        [ -x "${library%/lib/pgaudit.so}/bin/initdb" ] && return 0
    done
    return 1
}

have_chromium && have_postgres && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    have_chromium || echo "Chromium is not installed: the tests that open reports in a browser will skip." >&2
    have_postgres || echo "PostgreSQL with pgaudit is not installed: tests on a real server will skip, unless" \
        "KULLA_TEST_POSTGRES names one." >&2
    exit 0
fi

# Taken away again at the end: packages make and start a server of their own unless they are told not to.
undo=()
trap '[ ${#undo[@]} = 0 ] || rm -f "${undo[@]}"' EXIT

no_server() {
    local none=/etc/postgresql-common/createcluster.d/kulla-none.conf policy=/usr/sbin/policy-rc.d
    mkdir -p "${none%/*}"
    undo+=("$none")
    echo "create_main_cluster = false" >"$none"
    if [ ! -e "$policy" ]; then
        undo+=("$policy")
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
}

# 15 if there is one, else the newest: the packages of a running Debian, or of a repository that was added.
postgres_version() {
    local versions
    versions=$(apt-cache search --names-only '^postgresql-[0-9]+-pgaudit$' | sed -E 's/^postgresql-([0-9]+)-.*/\1/')
    if grep -qx 15 <<<"$versions"; then echo 15; else sort -n <<<"$versions" | tail -n 1; fi
}

apt-get update -qq
install() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-upgrade "$@"; }

have_chromium || install chromium
if ! have_postgres; then
    version=$(postgres_version)
    if [ -z "$version" ]; then
        echo "No package of pgaudit found: tests on a real server will skip." >&2
        exit 0
    fi
    # The common files first: the server's own script reads them, and the note above must not be overwritten.
    install postgresql-common
    no_server
    install "postgresql-$version" "postgresql-$version-pgaudit"
fi
