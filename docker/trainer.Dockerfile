# The trainer, for the GPU host: `docker build -f docker/trainer.Dockerfile -t sightscan-trainer .`
# It takes a folder and leaves a folder; it has no credentials, no database and no network. The
# host's MTS_TRAINER_COMMAND, with the home of MTS_SSH_USER as its folder:
#   docker run --rm --gpus all --network none --shm-size 2g --user 1000:1000
#     --volume /home/ubuntu:/home/ubuntu --workdir /home/ubuntu sightscan-trainer
# The pipeline adds a label, by which it and the host's watch find a container whose client was killed.
#
# For a host without a GPU: `--build-arg TORCH_INDEX=https://download.pytorch.org/whl/cpu`, whose
# PyTorch is a tenth of the size. The other one brings CUDA 13, which asks the host for NVIDIA's driver
# of the 580 line or newer (`nvidia-smi` says which there is).
FROM python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b AS base

FROM base AS packages
WORKDIR /build
ARG TORCH_INDEX=""
COPY trainer/hashed-requirements.txt ./
COPY docker/install-trainer.sh /usr/local/bin/install-trainer
RUN install-trainer /opt/venv hashed-requirements.txt "$TORCH_INDEX"

FROM base

# OpenCV asks for these two, even where nothing is shown on a screen. Debian's security updates
# must come in with each build, so their versions are not pinned, and what the base has is brought up
# to date.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get upgrade --yes \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/sightscan

COPY --from=packages /opt/venv /opt/venv
COPY trainer trainer

# The folder that it works in is the host's, so the package must be found from anywhere; and so is
# the user, who has no home in here.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/sightscan \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/tmp

# checkov:skip=CKV_DOCKER_2:a training ends; what hangs is ended by the pipeline
USER 1000
ENTRYPOINT ["python", "-m", "trainer"]
