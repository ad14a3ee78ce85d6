"""The DAGs of cities: graph, form and schedule of one, and which file of `dags/` shows it."""
