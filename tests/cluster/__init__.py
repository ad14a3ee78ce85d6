"""Airflow on Celery as docker/compose.yaml has it, for the test that kills its parts and for the benchmark."""
