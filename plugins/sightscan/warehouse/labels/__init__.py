"""Labels as they are stored, and what staff say of them."""
