"""What is done each night outside Airflow: back up, remove what is old, and try a backup now and then."""
