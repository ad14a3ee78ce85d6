"""Discover: the city that a name means, and its sights, best known first."""
