"""Stand-ins of Openverse, Google Places and image search pages."""
