"""The stand-in of Wikimedia Commons."""
