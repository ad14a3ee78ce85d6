#!/usr/bin/env bash
# The end-to-end tests drive Debian's Chromium; nothing else needs apt.
set -euo pipefail
if command -v chromium >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "error: no chromium on PATH; install it (apt-get install chromium) and try again" >&2
    exit 2
fi
echo "Installing Chromium for the browser tests ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null
