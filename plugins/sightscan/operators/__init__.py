"""What Airflow runs: tasks, operators, triggers, connections and the registry's snapshot.

Airflow says when; the stages say how. A module here reads settings and the city, calls one public
function of a stage, stores what it reports and leaves an id in XCom. Stages are imported when a
task runs, not when a DAG is parsed: parsing stays fast.
"""
