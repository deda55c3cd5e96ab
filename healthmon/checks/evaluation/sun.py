"""How high the sun stands. Pure; good to a tenth of a degree in this century.

The approximate solar coordinates of the U.S. Naval Observatory, as in the Astronomical Almanac.
Refraction is left out: it lifts the sun by half a degree at the horizon and by nothing above.
"""

from __future__ import annotations

from math import asin, atan2, cos, degrees, radians, sin

J2000 = 946_728_000.0  # Unix seconds of 2000-01-01 12:00
DAY = 86400.0


def elevation(at: float, latitude: float, longitude: float) -> float:
    """Degrees above the horizon at `at` (Unix seconds), north and east of 0 being positive."""
    days = (at - J2000) / DAY
    anomaly = radians((357.529 + 0.98560028 * days) % 360)
    mean = (280.459 + 0.98564736 * days) % 360
    ecliptic = radians(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    obliquity = radians(23.439 - 0.00000036 * days)
    ascension = atan2(cos(obliquity) * sin(ecliptic), cos(ecliptic))
    declination = asin(sin(obliquity) * sin(ecliptic))
    sidereal = (18.697374558 + 24.06570982441908 * days) % 24
    hour_angle = radians(15 * sidereal + longitude) - ascension
    north = radians(latitude)
    height = sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)
    return degrees(asin(max(-1.0, min(1.0, height))))
