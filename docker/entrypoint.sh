#!/bin/bash
# `scheduler`, `users create ...` are words of Airflow; `bash`, `python`, `airflow` and `sightscan` are
# programs (the Helm chart and the executors name some of them). At /entrypoint, where the chart's probes look.
set -euo pipefail
case "${1:-}" in
    airflow | bash | python | sightscan) exec "$@" ;;
    *) exec airflow "$@" ;;
esac
