"""Latitude and longitude: degrees with their sign; a site's own before those of the estate."""

from __future__ import annotations

from pathlib import Path

import pytest

from healthmon.config.loading import load
from healthmon.config.problems import ConfigError
from healthmon.config.units import degrees
from healthmon.inventory.devices import devices

CAMERAS = """cameras:
  - {id: C1, name: One, site: here, address: 192.0.2.1, kind: fixed, osd_text: Gate}
  - {id: C2, name: Two, site: there, address: 192.0.2.2, kind: fixed}
"""


def loaded(folder: Path, estate: str, site: str, pictures: str = "{}"):
    path = folder / "config.yaml"
    path.write_text(
        f"estate: {{name: E{estate}}}\npictures: {pictures}\n"
        f"sites: [{{id: here}}, {{id: there{site}}}]\n{CAMERAS}"
    )
    return {one.id: one for one in devices(load(path))}


def test_a_site_has_its_own_place_or_that_of_the_estate(tmp_path: Path):
    estate, site = ", latitude: 51.5, longitude: -0.12", ", latitude: 57, longitude: -2.1"
    found = loaded(tmp_path, estate, site)
    assert (found["C1"].position, found["C2"].position) == ((51.5, -0.12), (57.0, -2.1))
    assert loaded(tmp_path, "", "")["C1"].position is None
    assert loaded(tmp_path, ", latitude: 51.5", "")["C1"].position is None, "half a place is none"


def test_the_text_of_a_camera_is_its_own_or_its_name_where_names_are_expected(tmp_path: Path):
    found = loaded(tmp_path, "", "")
    assert (found["C1"].osd_text, found["C2"].osd_text) == ("Gate", "")
    found = loaded(tmp_path, "", "", "{camera_name: yes}")
    assert (found["C1"].osd_text, found["C2"].osd_text) == ("Gate", "Two")


@pytest.mark.parametrize("text", ["north", "51,5", "1e2", "51.5 N", "--1", ""])
def test_what_is_no_number_of_degrees_is_refused(text: str):
    with pytest.raises(ValueError, match=r"is not a number of degrees such as -0\.12"):
        degrees(text)


def test_a_latitude_beyond_the_pole_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="latitude"):
        loaded(tmp_path, ", latitude: 91, longitude: 0", "")
