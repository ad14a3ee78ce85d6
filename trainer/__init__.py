"""The trainer of SightScan: a dataset folder in, a model folder out.

It runs on the GPU host as `python -m trainer DATASET_DIR MODEL_DIR` and knows nothing else: no
warehouse, no cloud, no credentials, no network. docs/architecture.md describes both folders.
"""
