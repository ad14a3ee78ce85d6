"""Published models: have them, check them, run them, read their answers."""
