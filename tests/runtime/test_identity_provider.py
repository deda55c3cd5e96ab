"""Which identity provider the agent uses, by the configuration in force; what it takes for now."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from healthmon.config import loading
from healthmon.config.oidc_checks import DONE_PATH
from healthmon.config.problems import ConfigError
from healthmon.config.schema import Config
from healthmon.model.enums import Span
from healthmon.model.measurements import Reference
from healthmon.runtime import identity_provider, listener_config
from healthmon.runtime.identity_provider import IdentityProvider
from healthmon.runtime.state import KnownTime
from healthmon_exporters.web.rules import RULES

TEXT = """
agent:
  users_file: users
  oidc:
    issuer: https://login.example/v2.0
    client: healthmon
    credential: directory
    redirect: https://127.0.0.1:9877/login/oidc/done
    roles: {operator: GROUP, admin: [a]}
credentials: {directory: {secret: {file: secret}}}
"""


def config(folder: Path, text: str = TEXT) -> Config:
    path = folder / "config.yaml"
    path.write_text(text)
    (folder / "secret").write_text("word\n")
    (folder / "secret").chmod(0o600)
    return loading.load(path)


def test_the_page_of_the_redirect_is_one_of_the_agents() -> None:
    assert f"GET {DONE_PATH}" in RULES


async def test_a_reload_takes_over_what_has_changed_and_keeps_what_works(tmp_path: Path) -> None:
    provider = IdentityProvider(KnownTime())
    assert provider.take_over(Config()) == ""
    assert provider.login is None
    assert provider.take_over(config(tmp_path)) == ""
    first = provider.login
    assert first is not None
    assert "word" not in repr(first.settings)
    assert first.settings.rules.roles == {"GROUP": "operator", "a": "admin"}
    assert provider.take_over(config(tmp_path)) == ""
    assert provider.login is first, "logins that have begun are not lost"
    changed = config(tmp_path, TEXT.replace("GROUP", "other"))
    assert provider.take_over(changed) == ""
    second = provider.login
    assert second is not None
    assert second.settings.stamp != first.settings.stamp, "sessions of before end"
    (tmp_path / "secret").unlink()
    words = provider.take_over(changed)
    assert words.startswith("the identity provider of `agent.oidc` cannot be used: ")
    assert "secret file" in words
    assert provider.login is second
    assert provider.take_over(Config()) == ""
    assert provider.login is None


def test_a_ca_file_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    text = TEXT.replace("    client: h", "    ca_file: none.pem\n    client: h")
    found = config(tmp_path, text)
    (tmp_path / "users").write_text("")
    problems = listener_config.problems(tmp_path / "config.yaml", found)
    assert any((one.line, one.text) == (6, "the CA file cannot be read") for one in problems), (
        problems
    )
    assert identity_provider.problem(Config()) == ""


def test_now_is_what_the_time_servers_say() -> None:
    known = KnownTime()
    provider = IdentityProvider(known)
    assert provider._true_time().low == pytest.approx(time.time(), abs=60)
    known.apply(Reference(Span(-3600.5, -3600.25), time.time(), 3, 3))
    found = provider._true_time()
    assert found.low == pytest.approx(time.time() - 3600.5, abs=60)
    assert found.high - found.low == pytest.approx(0.25, abs=0.1)
    known.reference = Reference(None, time.time(), 0, 3, "no majority")
    assert provider._true_time().low == pytest.approx(time.time(), abs=60)


def test_a_secret_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unknown key 'secret'"):
        config(tmp_path, TEXT.replace("credential: directory", "secret: word"))
