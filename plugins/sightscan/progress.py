"""How often work that takes long says how far it is: everywhere alike, so that logs read alike."""

PROGRESS_SECONDS = 5.0
