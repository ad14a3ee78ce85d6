"""Which onnxruntime-web runs models in browsers, and where its files lie on this machine.

It is pinned by the hash that the npm registry publishes of its archive, and each file that is
served by a hash of its own: what a browser runs is what was looked at when the version was chosen.
"""

import hashlib
from pathlib import Path
from typing import Final

RUNTIME_VERSION: Final = "1.30.0"
# `npm view onnxruntime-web@<version> dist.integrity`
RUNTIME_INTEGRITY: Final = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
# SHA-256 of the files of the archive's folder `dist` that browsers are sent. The first three run
# models on the processor, the last three on WebGPU, too.
RUNTIME_FILES: Final = {
    "ort.wasm.min.mjs": "219e6a1fc8a9938268d18efca3c91d310bd2f4a59bbd13744df5b2b7fc6cee3b",
    "ort-wasm-simd-threaded.mjs": "e13f7f94fc51b4ca72b12faeb1ee95f4ace6dfbc8939bc718aabdc0a27c4299b",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    "ort.webgpu.min.mjs": "3dffff71811bc13a3a3d9591c57ca5ee5735b8f5f3eaf789510b02bb040ae3a0",
    "ort-wasm-simd-threaded.asyncify.mjs": "3d1c85995364bb643302fc6fd877a0c3ba5ae72401815e0f24828a53d9191e28",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
}
# Beside them: the licence of what is passed on, and of what is inside it.
LICENCE_FILES: Final = ("LICENSE", "ThirdPartyNotices.txt")
# The copies of a file that are sent to browsers that take them, by the name of the coding.
COMPRESSED_SUFFIXES: Final = {"br": ".br", "gzip": ".gz"}

RUNTIME_FOLDER: Final = Path(__file__).resolve().parent.parent / "runtime"


def find_faults(folder: Path) -> list[str]:
    """Return what is missing or changed in a folder of one version, a sentence's end each."""
    faults = [
        f"{name} is missing"
        for name in (*RUNTIME_FILES, *LICENCE_FILES)
        if not (folder / name).is_file()
    ]
    for name, sha256 in RUNTIME_FILES.items():
        path = folder / name
        if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            faults.append(
                f"{name} has another hash than the one of onnxruntime-web {RUNTIME_VERSION}"
            )
    return faults
