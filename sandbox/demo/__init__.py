"""The main job on one machine: sandbox, Airflow and app, one city from its name to a detector."""
