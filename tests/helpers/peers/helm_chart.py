"""Renders a chart by Helm's own library and holds it against the schemas of Kubernetes; run by the Python of the
peers from PyPI.

python helm_chart.py CHART < values.json   ->   {"refused": "..."} or {"said": [...], "files": {name: text}, "wrong": [...]}
"""

from __future__ import annotations

import json
import sys
from typing import Any

import helm_python
import kubernetes_validate
import yaml
from kubernetes_validate import utils

NAMESPACE = "cctv"


def main(folder: str, values: dict[str, Any]) -> dict[str, Any]:
    """What Helm says of the chart with these values, and the oldest and the newest Kubernetes of what it makes of them."""
    versions = utils.all_versions()
    ends = (versions[0], versions[-1])
    try:
        with helm_python.Chart.load(folder) as chart:
            chart.validate_schema(values)
            files = chart.render(values, name="estate", namespace=NAMESPACE)
    except helm_python.HelmValuesError as error:
        return {"refused": str(error)}
    except helm_python.HelmError as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    found = helm_python.lint(folder, values, strict=True, namespace=NAMESPACE)
    said = [one["error"] for one in found["messages"]] + [str(one) for one in found["errors"]]
    wrong = [
        f"{document['kind']} by {version}: {problem}"
        for text in files.values()
        for document in yaml.safe_load_all(text)
        if document
        for version in ends
        if (problem := problem_of(document, version))
    ]
    return {"said": said, "files": files, "wrong": wrong, "versions": ends}


def problem_of(document: dict[str, Any], version: str) -> str:
    """Why Kubernetes of this version would refuse the object; "" where it would take it."""
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{list(error.path)}: {error.message}"
    except utils.SchemaNotFoundError as error:
        return error.message
    return ""


if __name__ == "__main__":
    json.dump(main(sys.argv[1], json.load(sys.stdin)), sys.stdout)
