"""The card of a model: what it is made of, how good it is, what it cost, in words and drawings."""
