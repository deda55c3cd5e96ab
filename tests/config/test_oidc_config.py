"""The examples of a login by an identity provider can be used as they stand."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from healthmon.config import loading
from healthmon.config.schema import Config

ROOT = Path(__file__).parents[2]
AGENT = """
agent:
  hosts: [cctv-health.example]
  users_file: users
"""
CREDENTIALS = "credentials: {directory: {secret: {file: directory}}}\n"


def blocks() -> list[str]:
    """The YAML of docs/login.md that has an `oidc`, without its indentation."""
    text = (ROOT / "docs" / "login.md").read_text()
    found = re.findall(r"(?:^(?: {4,}.*)?\n)+", text, re.MULTILINE)
    return [one for one in map(textwrap.dedent, found) if "oidc:" in one]


def example() -> str:
    """What is commented out in config.yaml."""
    text = (ROOT / "config.yaml").read_text()
    found = re.search(r"^  # oidc:.*\n(?:  #   .*\n)+", text, re.MULTILINE)
    assert found
    return re.sub(r"^  # ", "", found[0], flags=re.MULTILINE)


def loaded(folder: Path, text: str) -> Config:
    path = folder / "config.yaml"
    if not text.lstrip().startswith("agent:"):
        text = AGENT + textwrap.indent(text, "  ") + CREDENTIALS
    path.write_text(text)
    return loading.load(path)


def test_there_is_an_example_for_each_provider() -> None:
    assert [re.findall(r"issuer: https://([a-z]+)\.", one) for one in blocks()] == [
        ["login"],
        ["adfs"],
        ["keycloak"],
    ]


@pytest.mark.parametrize("text", [*blocks(), example()], ids=["entra", "adfs", "keycloak", "file"])
def test_an_example_loads(tmp_path: Path, text: str) -> None:
    oidc = loaded(tmp_path, text).agent.oidc
    assert oidc is not None
    assert oidc.roles.operator


def test_the_example_of_the_file_has_every_key(tmp_path: Path) -> None:
    oidc = loaded(tmp_path, example()).agent.oidc
    assert oidc is not None
    assert set(type(oidc).model_fields) - oidc.model_fields_set == {"client_auth"}
    assert "client_auth" in example()
