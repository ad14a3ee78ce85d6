#!/bin/bash
# worker-answers: does this Celery worker take up what it is sent? 0: yes; 1: no; 75: nobody can say.
#
# The question goes through the broker, so without a broker every worker is silent. Then its tasks run
# on, and a restart would cost each of them the step that it is at (docs/runbooks/redis-lost.md).
set -uo pipefail

app=airflow.providers.celery.executors.celery_executor.app

# Whoever says that Redis wants another password has reached it: that is a worker which cannot work.
if ! timeout 10 python - <<'PYTHON'; then
import os
import socket
from urllib.parse import urlsplit

address = urlsplit(os.environ["AIRFLOW__CELERY__BROKER_URL"])
socket.create_connection((address.hostname, address.port or 6379), timeout=5).close()
PYTHON
    echo "the broker is away, so nobody can say how this worker is" >&2
    exit 75
fi
exec python -m celery --app "$app" inspect ping --destination "celery@$HOSTNAME"
