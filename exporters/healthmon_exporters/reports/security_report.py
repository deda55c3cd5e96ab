"""The security report: for each device what the record and the configuration say of its firmware,
logins, certificates and identity; publicly only how many. No cell is empty. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from healthmon.evidence.security import TOPICS, Known, Topic
from healthmon_exporters.reports.report_document import About, Section, section, table

NOTE: Final = "From the record and config.yaml only: no device was searched for ports, accounts or weaknesses."


def sections(found: Sequence[Known], about: About) -> list[Section]:
    """One section for each topic."""
    note = section("What this rests on", [NOTE])
    return [note, *(_section(topic, found, about) for topic in TOPICS)]


def _section(topic: tuple[str, str, Topic], found: Sequence[Known], about: About) -> Section:
    title, basis, answer_of = topic
    today = datetime.fromtimestamp(about.now, about.zone).date()
    answers = [(one.device, answer_of(one, today)) for one in found]
    counts = Counter(answer.standing for _device, answer in answers)
    tables = [
        table(
            f"{title}: how many", ("Answer", "Devices"), [(k, f"{n:,}") for k, n in counts.items()]
        )
    ]
    if not about.public:
        rows = [(device.id, device.name, str(answer)) for device, answer in answers]
        tables.append(table(f"{title}: device by device", ("Device", "Name", "Answer"), rows))
    return section(title, [basis] if answers else [basis, "No device is in service."], tables)
