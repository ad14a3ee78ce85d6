"""The stand-in of Google Vision."""
