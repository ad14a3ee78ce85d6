"""One visit to a stranger's server: guarded addresses, robots.txt, limits a host, retries."""
