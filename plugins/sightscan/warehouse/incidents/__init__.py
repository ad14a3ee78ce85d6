"""What is wrong, who was told of it, and of what nobody wants to be told: rows, so that it stays once."""
