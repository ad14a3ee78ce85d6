"""Read visitors' photos, and draw on them."""
