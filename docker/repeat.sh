#!/bin/bash
# repeat WHEN PROGRAM...: run it each day at WHEN (UTC, such as 02:30), or a while (such as 300s) after this
# starts and after each end, for ever. One that fails is run again the next time. Who ends this ends the
# program with it, and waits until it has cleaned up.
set -uo pipefail

when=${1-}
shift
if ! [[ $when =~ ^(([01][0-9]|2[0-3]):[0-5][0-9]|[1-9][0-9]{0,5}s)$ ]]; then
    echo "$when is neither a time of day such as 02:30 (UTC) nor a wait such as 300s" >&2
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

seconds_to_wait() {
    if [[ $when == *s ]]; then
        echo "${when%s}"
        return
    fi
    local now next
    now=$(date --utc +%s)
    next=$(date --utc --date "$when" +%s)
    ((next > now)) || next=$((next + 86400))
    echo "$((next - now))"
}

while true; do
    run sleep "$(seconds_to_wait)" || exit
    run "$@" || echo "$*: ended with $?; it is run again, $when" >&2
done
