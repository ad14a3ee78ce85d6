"""The library behind the DAGs: one package per stage, above the warehouse, above plain values."""
