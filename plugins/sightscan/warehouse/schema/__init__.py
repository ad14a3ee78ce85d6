"""Migrations of the schema, applied while others use the warehouse."""
