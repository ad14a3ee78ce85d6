#!/bin/bash
# every-night PROGRAM...: run it each night at UPKEEP_AT (UTC, such as 02:30), for ever. One that fails is
# run again the next night. Who ends this ends the program with it, and waits until it has cleaned up.
set -uo pipefail

at=${UPKEEP_AT:-02:30}
if ! [[ $at =~ ^([01][0-9]|2[0-3]):[0-5][0-9]$ ]]; then
    echo "UPKEEP_AT=$at is no time of day: expected such as 02:30 (UTC)" >&2
    exit 2
fi

stop() {
    trap '' TERM HUP
    for child in $(jobs -p); do
        kill -TERM "$child" 2>/dev/null
    done
    wait
    exit 143
}
trap stop TERM HUP

# In the background, since bash hears a signal only when what it runs in front has ended.
run() {
    "$@" &
    wait "$!"
}

while true; do
    now=$(date --utc +%s)
    next=$(date --utc --date "$at" +%s)
    ((next > now)) || next=$((next + 86400))
    run sleep "$((next - now))" || exit
    run "$@" || echo "$*: ended with $?; it is run again the next night at $at" >&2
done
