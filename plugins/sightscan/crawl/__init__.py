"""Crawl: photos of each sight, each with its licence; duplicates folded; politely, tirelessly."""
