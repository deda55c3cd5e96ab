"""What a picture check costs: the program on small pictures, and what it asks the processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import _picture_others, picture_cost
from benchmarks.picture_cost import Measured

SIZE = (320, 240)


def test_the_program_measures_every_way_and_says_what_is_missing() -> None:
    rows = list(picture_cost.rows(rounds=1, checks=3, size=SIZE, others=False))
    found = {row.name: row for row in rows}
    checks = [row for row in rows if row.name.endswith(": check")]
    assert len(checks) == 4, "two codecs, noisy and easy"
    assert all(row.ours and 0 < row.ours < 1000 for row in checks)
    (memory,) = (row for row in rows if "memory of a worker" in row.name)
    assert 20 < (memory.ours or 0) < 300
    shares = [row for name, row in found.items() if "share of a core" in name]
    assert len(shares) == 8
    for small, large in zip(shares[::2], shares[1::2], strict=True):
        assert large.ours == pytest.approx((small.ours or 0) * 10_000 / 150)
    assert all(row.absent for row in rows if "OpenCV" in row.name)


def test_the_lock_names_two_releases_of_pyav() -> None:
    pins = picture_cost.pins()
    assert len(pins) == 2
    for release, packages in pins.items():
        assert [one.partition("==")[0] for one in packages] == ["av", "numpy"]
        assert packages[0] == f"av=={release}"


def test_what_cannot_be_decoded_is_told_and_not_counted(tmp_path: Path) -> None:
    (case, *_) = picture_cost.cases(tmp_path, SIZE)
    with picture_cost.process([sys.executable, _picture_others.__file__, "pyav"]) as other:
        assert 0 < picture_cost.decoded(other, case) < 1
        case.file.write_bytes(b"no key frame")
        with pytest.raises(OSError, match="Error"):
            picture_cost.decoded(other, case)
    assert Measured().ms(case, "pyav") is None
