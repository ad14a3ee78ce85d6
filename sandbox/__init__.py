"""A whole small cloud for one machine: stand-ins that speak the protocols of the real services."""
