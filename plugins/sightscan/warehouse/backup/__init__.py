"""A backup of the whole warehouse, its way back, and the take-downs that survive it."""
