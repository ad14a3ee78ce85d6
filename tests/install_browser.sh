#!/usr/bin/env bash
# The tests of the pages drive Debian's Chromium, and its Firefox once; nothing else needs apt.
# Without Chromium there are no such tests; without Firefox, which Ubuntu does not pack, one is left out.
set -euo pipefail

has() {
    command -v "$1" >/dev/null
}

install() {
    echo "Installing $1 for the tests in browsers ..."
    apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

export DEBIAN_FRONTEND=noninteractive
is_root=$([ "$(id -u)" -eq 0 ] && echo yes || echo no)
if ! has chromium; then
    if [ "$is_root" = no ]; then
        echo "error: no chromium on PATH; install it (apt-get install chromium) and try again" >&2
        exit 2
    fi
    install chromium fonts-dejavu-core
fi
if ! has firefox-esr && ! { [ "$is_root" = yes ] && install firefox-esr; }; then
    echo "No firefox-esr on PATH: the test of the film in Firefox is left out."
fi
