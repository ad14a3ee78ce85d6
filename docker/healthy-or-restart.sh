#!/bin/bash
# healthy-or-restart LOOKS PROBE...: a health check that does something about what it finds.
#
# Docker calls a container unhealthy and lets it be. Here, after LOOKS failed looks in a row, the
# container's program is told to end, at the next failed look it is killed, and `restart:` starts it
# anew. Docker ends a look that takes too long, so it counts as failed from its beginning. A PROBE that
# ends with 75 could not look, for a reason that is not the program's: that counts neither way.
set -uo pipefail

looks=$1
shift
init=${HEALTH_INIT_PID:-1} # another one in tests
count=${HEALTH_COUNT_FILE:-/tmp/failed-looks}
grace=${HEALTH_GRACE_SECONDS:-180}

# What starts may take its time; Docker does not say here how much it has got. By the kernel's own count
# of when the process began: the times of the folder in /proc are those of its entry in a cache.
began=$(sed 's/.*) //' "/proc/$init/stat" | cut --delimiter ' ' --fields 20)
age=$(($(cut --delimiter . --fields 1 /proc/uptime) - began / $(getconf CLK_TCK)))
if ((age < grace)); then
    rm -f "$count"
    exec "$@"
fi

before=$(cat "$count" 2>/dev/null || echo 0)
failed=$((before + 1))
echo "$failed" >"$count"
"$@"
case $? in
0)
    rm -f "$count"
    exit 0
    ;;
75)
    echo "$before" >"$count"
    exit 1
    ;;
esac
if ((failed >= looks)); then
    signal=TERM
    ((failed > looks)) && signal=KILL
    # The program is the child of the container's init, which ends with it.
    for child in $(cat /proc/"$init"/task/*/children); do
        echo "unhealthy at $failed looks: $signal to process $child" >&2
        kill -s "$signal" "$child"
    done
fi
exit 1
