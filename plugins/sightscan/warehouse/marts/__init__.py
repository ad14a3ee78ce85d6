"""Hourly facts behind the marts, the data checks, and what the tasks of a run reported."""
