#!/bin/bash
# Install the trainer's locked packages, by hash: install-trainer FOLDER REQUIREMENTS [INDEX].
#
# Without INDEX, PyTorch with CUDA, all of it the files of PyPI that were locked. With one of PyTorch's own
# indexes, the build of torch and torchvision that is there, by version, since its files are others, without
# the packages that are CUDA's own, which nothing needs where there is no GPU; the rest by hash.
set -euo pipefail

folder=$1 requirements=$2 index=${3:-}
python -m venv "$folder"
pip=("$folder/bin/pip" install --no-cache-dir --no-deps)
if [ -n "$index" ]; then
    scratch=$(mktemp -d)
    grep --only-matching --extended-regexp '^torch(vision)?==[^ ]+' "$requirements" > "$scratch/torch.txt"
    # Hashes stand below the line with the name.
    awk '/^[^ #]/ { is_left_out = /^(torch|torchvision|triton|cuda-.*|nvidia-[^m].*)==/ } !is_left_out' \
        "$requirements" > "$scratch/others.txt"
    "${pip[@]}" --index-url "$index" --requirement "$scratch/torch.txt"
    "${pip[@]}" --require-hashes --requirement "$scratch/others.txt"
    rm -r "$scratch"
else
    "${pip[@]}" --require-hashes --requirement "$requirements"
fi
