"""What a run may cost: caps in images, the estimate in US dollars."""
