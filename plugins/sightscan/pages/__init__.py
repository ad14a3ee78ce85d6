"""Pages for staff inside Airflow's API server: who is logged in to Airflow may see them."""
