"""What the project promises in numbers, measured. Each module is one `make bench-...`."""
