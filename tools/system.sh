#!/usr/bin/env bash
# Install the Debian packages that real-browser tests use. Without root: say what is missing.
set -euo pipefail

command -v chromium >/dev/null && exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "Chromium is not installed: the tests that open reports in a browser will skip." >&2
    exit 0
fi

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
