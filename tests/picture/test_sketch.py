"""The sketch of the tiles that are covered, as marks."""

from __future__ import annotations

from healthmon.model.picture import Comparison, PictureReading, sketch_lines


def test_covered_tiles_are_marked_where_they_are() -> None:
    known = Comparison(10, 10, tiles=(0, 7, 8, 39))
    reading = PictureReading(baseline=known)
    assert (
        reading.sketch
        == known.sketch
        == ("#......#", "#.......", "........", "........", ".......#")
    )
    assert sketch_lines(known.sketch)[-1] == "# covered, . seen"


def test_where_nothing_is_covered_there_is_no_sketch() -> None:
    assert PictureReading().sketch == PictureReading(baseline=Comparison(10, 10)).sketch == ()
    assert sketch_lines(()) == ()
