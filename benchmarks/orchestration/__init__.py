"""What Airflow takes for many cities: building their DAGs, showing them, and running the whole chain."""
