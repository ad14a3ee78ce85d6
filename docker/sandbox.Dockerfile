# The stand-ins of everybody outside, for a rehearsal: `docker build -f docker/sandbox.Dockerfile -t sightscan-sandbox .`
# Its GPU host has no GPU: it trains on processors, for minutes.
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base

FROM base AS packages
WORKDIR /build
COPY requirements.txt ./
COPY sandbox/requirements.txt sandbox.txt
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement sandbox.txt

# What the machine behind EC2 has.
FROM base AS trainer
WORKDIR /build
ARG TORCH_INDEX="https://download.pytorch.org/whl/cpu"
COPY trainer/hashed-requirements.txt ./
COPY docker/install-trainer.sh /usr/local/bin/install-trainer
RUN install-trainer /opt/trainer hashed-requirements.txt "$TORCH_INDEX"

FROM base

# OpenCV asks for these two, even where nothing is shown on a screen. Debian's security updates must
# come in with each build, so no versions are pinned, and what the base has is brought up to date.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

# The pipeline's own user: it reads the keys that are left for it.
RUN useradd --uid 50000 --gid 0 --create-home --home-dir /var/lib/sandbox sandbox \
    && mkdir --mode=0775 /var/lib/sightscan \
    && chown 50000:0 /var/lib/sightscan

WORKDIR /opt/sightscan

COPY --from=packages /opt/venv /opt/venv
COPY --from=trainer /opt/trainer /opt/trainer
COPY sandbox sandbox
COPY trainer trainer

ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/sightscan \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/var/lib/sandbox

# checkov:skip=CKV_DOCKER_2:what it listens on is said where it is run, in compose.yaml
USER 50000
ENTRYPOINT ["python", "-m", "sandbox", "--trainer-bin", "/opt/trainer/bin"]
CMD ["--state", "/var/lib/sandbox/state"]
