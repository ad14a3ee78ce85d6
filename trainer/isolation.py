"""Keep the process on its host: no network, no package manager, no files outside the model folder.

YOLOv5 and the packages that it imports look for updates, fonts, weights and loggers on the
internet. Their switches are turned off, and because a switch can be forgotten, an audit hook
refuses every connection besides. This must run before anything imports torch, ultralytics or
yolov5.
"""

import os
import socket
import sys
import warnings
from pathlib import Path

from trainer.errors import NetworkForbidden

# Each is read once, when its package is imported.
SWITCHES = {
    "YOLO_OFFLINE": "true",  # ultralytics: asks one.one.one.one whether it is online
    "YOLO_AUTOINSTALL": "false",  # ultralytics: runs pip for what it misses
    "YOLO_VERBOSE": "false",
    "YOLOv5_AUTOINSTALL": "false",
    "YOLOv5_VERBOSE": "false",
    "WANDB_MODE": "disabled",
    "COMET_MODE": "disabled",
    "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime: tells its maker of each model that it loads
    "CLEARML_OFFLINE_MODE": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # Threads that wait for each other sleep instead of spinning: on two cores under a load of 12,
    # a batch with spinning threads took 34 s, one with sleeping threads 0.7 s.
    "OMP_WAIT_POLICY": "PASSIVE",
    "MPLBACKEND": "Agg",  # no screen on the host
}
_REFUSED_EVENTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_REFUSED_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})


def isolate_process(scratch: Path) -> None:
    """Turn off what would leave the host; settings that packages insist on writing go to `scratch`.

    Irreversible for this process: audit hooks cannot be removed.
    """
    os.environ.update(SWITCHES)
    os.environ["YOLO_CONFIG_DIR"] = str(scratch)
    os.environ["YOLOV5_CONFIG_DIR"] = str(scratch)
    # Whoever has no home here would have matplotlib look for one.
    os.environ["MPLCONFIGDIR"] = str(scratch)
    # yolov5 imports pkg_resources, which warns at each start; the pin of setuptools is the answer
    # to it.
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    sys.addaudithook(_refuse_network)


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in _REFUSED_LOOKUPS:
        raise NetworkForbidden(_sentence(event, arguments[0]))
    if event in _REFUSED_EVENTS:
        # Data-loading processes hand each other memory over Unix sockets, which stay on the host.
        connection = arguments[0]
        if isinstance(connection, socket.socket) and connection.family == socket.AF_UNIX:
            return
        raise NetworkForbidden(_sentence(event, arguments[1] if len(arguments) > 1 else "?"))


def _sentence(event: str, target: object) -> str:
    return f"{event} to {target!r} was refused: the trainer has no network; copy what it needs into the dataset folder"
