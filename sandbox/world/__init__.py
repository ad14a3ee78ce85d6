"""A world: photos with true boxes, and what the stand-ins know of them."""
