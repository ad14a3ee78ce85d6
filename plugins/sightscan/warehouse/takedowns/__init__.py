"""Photos that must go, and contributions that people take back."""
