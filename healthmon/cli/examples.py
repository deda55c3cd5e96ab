"""Examples of the commands, for the end of their help and docs/commands.md."""

from __future__ import annotations

from typing import Final

EXAMPLES: Final[dict[str, tuple[str, ...]]] = {
    "ack": ('healthmon ack F000123 --reason "contractor called" --name "A. Smith"',),
    "audit verify": ("healthmon audit verify --anchor 1234:0123456789abc",),
    "backup": ("healthmon backup /var/backups/healthmon --keep 14",),
    "check-config": ("healthmon check-config --strict", "healthmon check-config --show C001"),
    "clock-statement": (
        'healthmon clock-statement C001 --at "2026-11-28 14:05" --reason "crime reference 42"',
        "healthmon clock-statement --number 7 --output clock.pdf",
    ),
    "commission": ("healthmon commission", "healthmon commission C001 C002 --yes"),
    "completion": ("healthmon completion bash > ~/.bash_completion",),
    "device moved": (
        'healthmon device moved D01 --to deployed --place "Market Place" --name "A. Smith"',
    ),
    "discover": ("healthmon discover 10.1.2.0/24 --credential camera-view --write",),
    "duties done": ('healthmon duties done dpia --evidence "DPIA 12" --name "A. Smith"',),
    "export": ("healthmon export --output devices.csv --bom --semicolon",),
    "faults close": ('healthmon faults close F000123 --cause power --name "A. Smith"',),
    "faults fix": (
        'healthmon faults fix F000123 --action "new power supply" --at 14:05 --name "A. Smith"',
    ),
    "faults import": ('healthmon faults import jobs.csv --name "A. Smith"',),
    "faults log": (
        "healthmon faults --open",
        "healthmon faults --csv --since 2026-01-01 --site riverside > faults.csv",
    ),
    "faults pause": (
        'healthmon faults pause F000123 --owner utility --reason "no feed" --name "A. Smith"',
    ),
    "faults raise": (
        'healthmon faults raise --what "dome is dirty" --noticed-by police --device C001 --name "A."',
    ),
    "faults report": (
        'healthmon faults report F000123 --to acme --how phone --reference J47 --name "A. Smith"',
    ),
    "faults show": ("healthmon faults show F000123",),
    "history": ("healthmon history C001 --days 7",),
    "import": ("healthmon import devices.csv", "healthmon import devices.csv --write"),
    "import-faults": ('healthmon import-faults log-2025.csv --name "A. Smith"',),
    "init": ("healthmon init", "healthmon init --answers answers.yaml --output first.yaml"),
    "maintenance make": (
        'healthmon maintenance make --until 18:00 --site riverside --reason "mast" --name "A. Smith"',
    ),
    "note": ('healthmon note "lift at Riverside is out" --name "A. Smith"',),
    "notify test": ("healthmon notify test duty --contractor acme",),
    "picture answer": ('healthmon picture answer C001 no --name "A. Smith"',),
    "probe": (
        "healthmon probe C001 --explain",
        "healthmon probe C001 --check clock",
        "healthmon probe C001 --last-failure",
    ),
    "report": (
        "healthmon report monthly --output october.pdf",
        "healthmon report annual --period 2026/27 --public --format csv",
    ),
    "restore": ("healthmon restore healthmon-20261129T070000Z.tar.age --key key.txt",),
    "sheet": ("healthmon sheet --until 2026-11-29 --output sheet.pdf",),
    "sweep": (
        "healthmon sweep",
        "healthmon sweep --site riverside --kind ptz",
        "healthmon sweep --shift --output sheet.pdf --output sheet.csv",
    ),
    "user password": ("healthmon user anna --role operator",),
    "visit arrived": (
        'healthmon visit arrived riverside --engineer "B. Jones" --job J47 --name "A. Smith"',
    ),
}
