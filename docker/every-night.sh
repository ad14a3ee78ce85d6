#!/bin/bash
# every-night PROGRAM...: run it each night at UPKEEP_AT (UTC, such as 02:30), for ever. One that fails is
# run again the next night.
set -uo pipefail

at=${UPKEEP_AT:-02:30}
if ! [[ $at =~ ^([01][0-9]|2[0-3]):[0-5][0-9]$ ]]; then
    echo "UPKEEP_AT=$at is no time of day: expected such as 02:30 (UTC)" >&2
    exit 2
fi
while true; do
    now=$(date --utc +%s)
    next=$(date --utc --date "$at" +%s)
    ((next > now)) || next=$((next + 86400))
    sleep "$((next - now))" || exit
    "$@" || echo "$*: ended with $?; it is run again the next night at $at" >&2
done
