"""Is this installation in order? Asked outside Airflow, so that it answers when Airflow does not."""
