"""Read the epochs of a training as the trainer reports them, while it still writes."""

import json
from collections.abc import Mapping
from typing import Any


def parse_progress(text: str) -> tuple[Mapping[str, Any], ...]:
    """Return the objects of progress.jsonl; a last line that is being written is left for later."""
    epochs = []
    for line in text.splitlines():
        try:
            epoch = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(epoch, dict):
            epochs.append(epoch)
    return tuple(epochs)
