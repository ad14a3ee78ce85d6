"""What a training's exit status means, in a sentence that ends with the trainer's own words."""

# The statuses of trainer/errors.py, of `timeout`, of `docker run` and of shells.
BAD_INPUT_STATUS = 2
# What another try finds again: the input, or the command.
LASTING_STATUSES = {BAD_INPUT_STATUS, 126, 127}
MEANINGS = {
    1: "the training itself failed",
    BAD_INPUT_STATUS: "the trainer cannot use its input, so another try would not help",
    3: "not even one photo at a time fits into the memory",
    124: "it was ended at its time limit",
    125: "the container could not be started",
    126: "MTS_TRAINER_COMMAND cannot be run on the host",
    127: "MTS_TRAINER_COMMAND is not found on the host",
    137: "it was killed: by a person, at its time limit, or since the host's memory was full",
    143: "it was told to end",
}
MAX_LAST_LINE_CHARACTERS = 500


def describe_failure(exit_status: int, log_end: str) -> str:
    """Return the sentence of a training that failed, with the last line of its log."""
    meaning = MEANINGS.get(exit_status, "for no reason that is known")
    lines = [line.strip() for line in log_end.splitlines() if line.strip()]
    last = f": {lines[-1][:MAX_LAST_LINE_CHARACTERS]}" if lines else ", and its log is empty"
    return f"Remote job failed with exit code: {exit_status} ({meaning}){last}"
