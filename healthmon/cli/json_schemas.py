"""The class of what each command prints with ``--json``; its schema stands in docs/json."""

from __future__ import annotations

from typing import Any

from healthmon.cli import json_acts, json_faults, json_reports, json_rows, json_sheets

PRINTED: dict[str, Any] = {
    "agents": list[json_rows.AgentRow],
    "audit show": list[json_rows.AuditRow],
    "audit verify": json_rows.AuditCheck,
    "check-config": json_rows.ConfigCheck | list[json_rows.SettingRow],
    "duties done": json_rows.DutyRow,
    "duties history": list[json_rows.DeclarationRow],
    "duties list": list[json_rows.DutyRow],
    "faults log": list[json_faults.FaultLife],
    "faults show": json_faults.FaultRecord,
    "history": json_faults.History,
    "maintenance list": list[json_rows.WindowRow],
    "overrides": list[json_rows.OverrideRow],
    "picture baseline": json_rows.LearnedView,
    "picture looks": list[json_rows.InspectionRow],
    "picture show": json_rows.LearnedView,
    "probe": list[json_rows.ProbeRow],
    "clock-statement": json_reports.ClockStatement,
    "report": json_reports.Report | json_reports.MonthlyReport | json_reports.FoiReport,
    "sheet": json_sheets.ShiftCheck,
    "sheets": list[json_sheets.SheetRow],
    "sweep": json_sheets.Sweep | json_sheets.ShiftCheck,
    "user kiosk list": list[json_rows.KioskRow],
    "user list": list[json_rows.UserRow],
    "user log": list[json_rows.AccessRow],
    **json_acts.ACTS,
}
