"""Decide whether to train, and freeze a leak-free train, validation and test split."""
