"""Cities, their sights, and the cities that people ask for."""
