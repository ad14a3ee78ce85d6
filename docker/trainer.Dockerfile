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
FROM python:3.11-slim-bookworm AS packages
WORKDIR /build
ARG TORCH_INDEX=""
COPY trainer/requirements.txt ./
# Packages that are CUDA's own are left out where there is none.
RUN python -m venv /opt/venv \
    && if [ -n "$TORCH_INDEX" ]; then \
        grep --extended-regexp '^torch(vision)?==' requirements.txt > torch.txt \
        && grep --invert-match --extended-regexp '^(torch|torchvision|triton|cuda-.*|nvidia-[^m].*)==' requirements.txt > others.txt \
        && /opt/venv/bin/pip install --no-cache-dir --no-deps --index-url "$TORCH_INDEX" --requirement torch.txt \
        && /opt/venv/bin/pip install --no-cache-dir --no-deps --requirement others.txt; \
    else \
        /opt/venv/bin/pip install --no-cache-dir --no-deps --requirement requirements.txt; \
    fi

FROM python:3.11-slim-bookworm

# OpenCV asks for these two, even where nothing is shown on a screen. Debian's security updates
# must come in with each build, so their versions are not pinned.
# hadolint ignore=DL3008
RUN apt-get update \
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
