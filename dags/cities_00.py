"""DAGs of some of the cities: Airflow parses each such file by itself (`operators/city_dag/shards.py`)."""

from sightscan.operators.city_dag.shards import build_shard

globals().update(build_shard(__file__))
