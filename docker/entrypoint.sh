#!/bin/bash
# `scheduler`, `users create ...` are words of Airflow; `bash`, `python` and `airflow` are programs
# (the Helm chart and the executors name them). At /entrypoint, where the chart's probes look.
set -euo pipefail
case "${1:-}" in
    airflow | bash | python) exec "$@" ;;
    *) exec airflow "$@" ;;
esac
