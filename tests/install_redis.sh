#!/usr/bin/env bash
# The test of the cluster starts Debian's Redis, on a port of its own; nothing else needs it.
set -euo pipefail
if command -v redis-server >/dev/null; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    echo "error: no redis-server on PATH; install it (apt-get install redis-server) and try again" >&2
    exit 2
fi
echo "Installing Redis for the test of the cluster ..."
export DEBIAN_FRONTEND=noninteractive
# Debian starts what it installs, here a server without a password: not on this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends redis-server >/dev/null
