"""Take over a database of the first SightScan: cities, photos, paid labels, models."""
