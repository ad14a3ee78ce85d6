# The pipeline: every component of Airflow, and the command `sightscan`. Build it from the
# repository: `docker build -f docker/pipeline.Dockerfile -t sightscan-pipeline .`
FROM python:3.11-slim-bookworm

# OpenCV decodes photos and asks for these two, even where nothing is shown on a screen. Debian's
# security updates must come in with each build, so their versions are not pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# The user and group of Airflow's own image, which its Helm chart expects.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /var/lib/airflow airflow \
    && mkdir --mode=0775 /var/lib/airflow/logs /var/lib/sightscan \
    && chown 50000:0 /var/lib/airflow/logs /var/lib/sightscan

WORKDIR /opt/sightscan

# The lock is complete, so nothing is resolved. Alone in its layer: code changes more often.
COPY requirements.txt ./
RUN pip install --no-cache-dir --no-deps --requirement requirements.txt

COPY docker/entrypoint.sh /entrypoint
COPY airflow.cfg pyproject.toml ./
COPY include include
COPY plugins plugins
COPY dags dags
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable .

# Settings and secrets come from the environment at run time; none is in the image.
ENV AIRFLOW_HOME=/var/lib/airflow \
    AIRFLOW_CONFIG=/opt/sightscan/airflow.cfg \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/sightscan/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/sightscan/plugins \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/lib/airflow/logs \
    PYTHONPATH=/opt/sightscan/plugins \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/var/lib/airflow \
    REGISTRY_SNAPSHOT=/var/lib/sightscan/cities.json

USER 50000
ENTRYPOINT ["/entrypoint"]
CMD ["version"]
