"""What shows and tells: Grafana dashboards and Prometheus rules, made by the programs here and committed."""
