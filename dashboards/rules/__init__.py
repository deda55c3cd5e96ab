"""Recording and alerting rules of Prometheus as data; `build` writes the files."""
