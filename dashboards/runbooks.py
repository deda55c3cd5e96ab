"""Where the runbook of a fault is: the page of its alert, the heading of its code."""

from __future__ import annotations

from dashboards.looks import Json, strings
from dashboards.rules.faults import alert_of
from healthmon.checks.evaluation.codes import CODES

# The agent serves its runbooks. A control room whose browsers do not run on the agent's machine
# writes the dashboards with its own address: python -m dashboards --runbooks URL.
DEFAULT = "http://127.0.0.1:9877/runbooks"
VARIABLE: Json = {
    "current": {"selected": True, "text": DEFAULT, "value": DEFAULT},
    "hide": 2,
    "label": "Runbooks",
    "name": "runbooks",
    "options": [{"selected": True, "text": DEFAULT, "value": DEFAULT}],
    "query": DEFAULT,
    "skipUrlSync": False,
    "type": "textbox",
}


ALERTS = strings({code: alert_of(code) for code in CODES})
LINK = {
    "targetBlank": True,
    "title": "Runbook: what it means, what to check, whom to call",
    "url": "${runbooks}/${__value.text}#${__value.raw}",
}
