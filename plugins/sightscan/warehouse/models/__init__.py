"""Datasets, trainings, models, and the instances that they were trained on."""
