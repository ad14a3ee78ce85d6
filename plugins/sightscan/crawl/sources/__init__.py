"""Where photos come from: one module for each source, all behind `PhotoSource`."""
