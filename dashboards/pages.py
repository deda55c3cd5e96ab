"""Every dashboard by its uid."""

from __future__ import annotations

from collections.abc import Callable

from dashboards import agent, device, operations, service, wall
from dashboards.looks import Json

PAGES: dict[str, Callable[[], Json]] = {
    "healthmon-wall": wall.page,
    "healthmon-operations": operations.page,
    "healthmon-device": device.page,
    "healthmon-service": service.page,
    "healthmon-agent": agent.page,
}
