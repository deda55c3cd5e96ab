"""What shows and tells, made by the programs here and committed: Grafana dashboards (`grafana/`),
rules (`rules/`).

`python -m dashboards` writes the dashboards. Plain dictionaries, no SDK: what stands here is what
Grafana reads. `promql` holds the queries that several pages share, `looks` colours and words,
`panels` the panels, `frame` a whole dashboard; then one module for each page.
"""
