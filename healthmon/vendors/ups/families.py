"""Every family that is known, in the order in which their figures are preferred; RFC 1628 last."""

from __future__ import annotations

from healthmon.vendors.ups.apc import APC
from healthmon.vendors.ups.cabinets import ALPHA, BKE, IMCO
from healthmon.vendors.ups.eaton import DELL, HP, MGE, XUPS
from healthmon.vendors.ups.makers import CYBERPOWER, DELTA, EPPC, HUAWEI, PPC, TRIPPLITE
from healthmon.vendors.ups.socomec import NETVISION, SOCOMEC
from healthmon.vendors.ups.standard import RIELLO, SINETICA, STANDARD, USHA
from healthmon.vendors.ups.tables import Family
from healthmon.vendors.ups.vertiv import ITA2, UNITY, VERTIV

FAMILIES: tuple[Family, ...] = (
    APC,
    XUPS,
    MGE,
    CYBERPOWER,
    SOCOMEC,
    NETVISION,
    RIELLO,
    SINETICA,
    USHA,
    UNITY,
    VERTIV,
    ITA2,
    DELTA,
    HUAWEI,
    PPC,
    EPPC,
    TRIPPLITE,
    HP,
    DELL,
    ALPHA,
    BKE,
    IMCO,
    STANDARD,
)
BY_NAME = {family.name: family for family in FAMILIES}
