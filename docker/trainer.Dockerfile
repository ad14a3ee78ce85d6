# The trainer, for the GPU host: `docker build -f docker/trainer.Dockerfile -t sightscan-trainer .`
# It takes a folder and leaves a folder; it has no credentials, no database and no network. The
# host's MTS_TRAINER_COMMAND, with the home of MTS_SSH_USER as its folder:
#   docker run --rm --gpus all --network none --shm-size 2g --user 1000:1000
#     --volume /home/ubuntu:/home/ubuntu --workdir /home/ubuntu sightscan-trainer
# The pipeline adds a label, by which it and the host's watch find a container whose client was killed.
FROM python:3.11-slim-bookworm

# OpenCV asks for these two, even where nothing is shown on a screen. Debian's security updates
# must come in with each build, so their versions are not pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --no-install-recommends --yes libgl1 libglib2.0-0 \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/sightscan

# PyTorch's wheels bring CUDA along; the host needs NVIDIA's driver and container toolkit only.
COPY trainer/requirements.txt ./
RUN pip install --no-cache-dir --no-deps --requirement requirements.txt

COPY trainer trainer

# The folder that it works in is the host's, so the package must be found from anywhere; and so is
# the user, who has no home in here.
ENV PYTHONPATH=/opt/sightscan \
    PYTHONUNBUFFERED=1 \
    ORT_DISABLE_TELEMETRY=1 \
    HOME=/tmp

USER 1000
ENTRYPOINT ["python", "-m", "trainer"]
