"""The lines of the table of figures."""

from __future__ import annotations

from benchmarks._measure import Row


def test_where_the_other_one_needs_nothing_there_is_no_ratio_and_no_gate_is_missed():
    row = Row("missed by either", 4.0, 0.0, unit="%", gate=1.0)
    assert (row.figure, row.missed) == (None, False)
    assert "MISSED" not in row.text()
    assert Row("missed by either", 4.0, 2.0, unit="%", gate=1.0).missed
