"""The page SightScan: how far all is, what it costs, what runs now, and what needs a person."""
