#!/usr/bin/env bash
# The tests of the pages drive Debian's Chromium, and its Firefox once; nothing else needs apt.
set -euo pipefail
missing=()
for program in chromium firefox-esr; do
    command -v "$program" >/dev/null || missing+=("$program")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
    # Without Firefox one test is left out; without Chromium there is none.
    [[ " ${missing[*]} " == *" chromium "* ]] || exit 0
    echo "error: no chromium on PATH; install it (apt-get install chromium) and try again" >&2
    exit 2
fi
echo "Installing ${missing[*]} for the tests in browsers ..."
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" fonts-dejavu-core >/dev/null
