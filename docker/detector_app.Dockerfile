# The detector app: `docker build -f docker/detector_app.Dockerfile -t sightscan-app .`
# Browsers give a page the camera only over HTTPS (or on localhost): put a proxy with TLS before it.
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base

FROM base AS packages
WORKDIR /build
# Each file is the one that was locked; pip and its leftovers stay behind in this stage.
COPY detector_app/requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt

FROM base

# OpenCV asks for the first two; the fonts write the names of sights in Chinese, Japanese and
# Korean. Debian's security updates must come in with each build, so no versions are pinned, and what
# the base has is brought up to date.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

RUN useradd --uid 50001 --gid 0 --create-home --home-dir /var/lib/sightscan sightscan \
    && mkdir --mode=0775 /var/lib/sightscan/models \
    && chown 50001:0 /var/lib/sightscan/models

WORKDIR /opt/sightscan

COPY --from=packages /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
COPY detector_app detector_app

# What browsers run models with, pinned by hash. From a registry of your own:
# `docker build --build-arg NPM_CONFIG_REGISTRY=https://...`
ARG NPM_CONFIG_REGISTRY=""
RUN python -m detector_app.web.fetch_runtime

# On a laptop the app listens to this machine alone; in a container that would be nobody.
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0 \
    STREAMLIT_SERVER_PORT=8501 \
    MODEL_CACHE_DIR=/var/lib/sightscan/models \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/var/lib/sightscan

USER 50001
EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://localhost:8501/healthz', timeout=8)"]
ENTRYPOINT ["streamlit", "run", "detector_app/server.py"]
