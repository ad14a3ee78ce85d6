"""How a run ended: its colour, its summary in the log, and the note that stands with it in the UI."""
