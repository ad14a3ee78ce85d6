"""What the page SightScan shows: each figure is a query, quick with a thousand cities and a million photos."""
