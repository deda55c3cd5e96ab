"""What the agent does not load until it needs it: each of these costs megabytes."""

from __future__ import annotations

import subprocess
import sys

LATE = ("apprise", "cryptography", "httpx", "markdown_it", "onvif", "psycopg", "pysnmp", "requests", "rich", "zeep")


def test_what_is_rarely_needed_is_not_loaded_at_the_start():
    code = f"import sys; import healthmon.cli; print(*[name for name in {LATE} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_listener_without_tls_reads_no_certificate():
    code = (
        "import sys; from healthmon import door; from healthmon.config import Config;"
        "assert door.warnings(Config.model_construct(agent=Config.model_fields['agent'].get_default(call_default_factory=True)))"
        " == []; assert 'cryptography' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
