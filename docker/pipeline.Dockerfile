# The pipeline: every component of Airflow, and the command `sightscan`. Build it from the
# repository: `docker build -f docker/pipeline.Dockerfile -t sightscan-pipeline .`
FROM postgres:17.11-bookworm@sha256:639ab7ceb90e13123085b741fb31ef493fba25463002f6da665352e7b534b652 AS postgres

FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base

FROM base AS packages
WORKDIR /build
# The lock is complete, so nothing is resolved, and each file is the one that was locked. Alone in its
# stage: code changes more often, and pip and its leftovers stay behind.
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt

FROM base

# OpenCV decodes photos and asks for the first two, even where nothing is shown on a screen; backups
# need a pg_dump of the server's version, which Debian does not have: PostgreSQL's own repository has,
# under the key that its image brings. Debian's security updates must come in with each build, so no
# versions are pinned, and what the base has is brought up to date.
COPY --from=postgres /usr/local/share/keyrings/postgres.gpg.asc /usr/local/share/keyrings/
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 ca-certificates \
    && echo "deb [signed-by=/usr/local/share/keyrings/postgres.gpg.asc] https://apt.postgresql.org/pub/repos/apt bookworm-pgdg main" \
        > /etc/apt/sources.list.d/pgdg.list \
    && apt-get update \
    && apt-get install --no-install-recommends --yes postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*

# The user and group of Airflow's own image, which its Helm chart expects.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /var/lib/airflow airflow \
    && mkdir --mode=0775 /var/lib/airflow/logs /var/lib/airflow/backups /var/lib/sightscan /var/lib/doctor \
    && chown 50000:0 /var/lib/airflow/logs /var/lib/airflow/backups /var/lib/sightscan /var/lib/doctor

WORKDIR /opt/sightscan

COPY --from=packages /opt/venv /opt/venv
COPY docker/entrypoint.sh /entrypoint
COPY airflow.cfg pyproject.toml ./
COPY include include
COPY plugins plugins
COPY dags dags
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable .

# Settings and secrets come from the environment and from files at run time; none is in the image.
ENV PATH=/opt/venv/bin:$PATH \
    AIRFLOW_HOME=/var/lib/airflow \
    AIRFLOW_CONFIG=/opt/sightscan/airflow.cfg \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/sightscan/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/sightscan/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/lib/airflow/logs \
    PYTHONPATH=/opt/sightscan/plugins \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/var/lib/airflow \
    REGISTRY_SNAPSHOT=/var/lib/sightscan/cities.json

# checkov:skip=CKV_DOCKER_2:each component has its own, in compose.yaml and in the chart
USER 50000
ENTRYPOINT ["/entrypoint"]
CMD ["version"]
