"""The public form of every report says nothing of the estate: no name, address, place, person or device,
in any form, at any place of it; and it is the same for an estate in which everything has other names.
"""

from __future__ import annotations

import html
import io
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import yaml
from helpers import evidence_months
from helpers.evidence_record import camera_entry, configuration, record
from helpers.naive_evidence import DAY, LONDON, Month
from helpers.paper import words as printed

from healthmon.config.schema import Config
from healthmon.evidence.period import Period
from healthmon.incidents.operations import Operation, OperationKind
from healthmon.runtime.report_making import Wish, made
from healthmon.store import Store
from healthmon_exporters.reports import report_forms
from healthmon_exporters.reports.report_kinds import KINDS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed"),
]
Document = dict[str, Any]
# Words of config.yaml's own language, and of every report.
COMMON = {"daily", "weekly", "fixed", "deployable", "Europe/London", "rack", "yes", "cleaning"}
ZONES = {"market": "K & Q", "": ""}
# What is shorter may be a part of any word of a PDF without its blanks, and of any font.
SHORT = 5
# Short, with entities, beginnings of one another, with marks of HTML, typst, CSV and of other scripts.
NAMES = {
    "estate": 'Zyxham & Sons <CCTV> "X"',
    "site": "Qx",
    "prefix": "Vv",
    "longer": "Vvend",
    "entity": "Jo&euml;l's Wynd",
    "typst": '#panic("Yw") $x_9^2$ *Wb*',
    "sheet": "=HYPERLINK(Qz)",
    "script": "Пёха Жук",
    "contractor": "Fq9 Masts <Ltd>",
    "duty": "Kzt mast inspected",
    "person": "Ann Onymous",
    "imported": "OldPost Uu7",
    "evidence": "cert <Zj-4711>",
}  # fmt: skip
OTHER = {key: f"Renamed {index} thing" for index, key in enumerate(NAMES)}


@dataclass
class Kept:
    """An estate with its record."""

    config: Config
    tree: Document
    store: Store
    now: float

    def report(self, kind: str, *, public: bool = True) -> Document:
        name = "2026" if kind in ("annual", "foi") else "2026-10"
        wish = Wish(kind, Period.of(name, LONDON), self.now, public)
        return made(wish, self.config, self.store, lambda _done, _all: None)


def named(month: Month, ids: Callable[[str], str]) -> Month:
    """The same month with other ids of its cameras."""
    for camera in month.cameras:
        camera.id, camera.zone = ids(camera.id), ZONES[camera.zone]
    for fault in month.faults:
        fault.camera = ids(fault.camera)
    for kind in ("works", "short", "long"):
        setattr(month, kind, [(ids(name), span) for name, span in getattr(month, kind)])
    return month


def more(month: Month, names: dict[str, str]) -> Document:
    """What config.yaml has beside the month: every kind of entry with a name."""
    cameras = [camera_entry(number, one) for number, one in enumerate(month.cameras)]
    keys = ("prefix", "longer", "entity", "typst", "script")
    for entry, key in zip(cameras, keys, strict=True):
        entry |= {"name": names[key], "location": f"by {names[key]}", "contractor": "repair-co"}
    estate = {"name": names["estate"], "time_zone": "Europe/London", "shifts": ["07:00", "19:00"]}
    return {
        "estate": estate,
        "cameras": cameras,
        "sites": [{"id": "a", "name": names["site"]}, {"id": "b", "name": names["sheet"]}],
        "contractors": [{"id": "repair-co", "name": names["contractor"], "response": "4 h"}],
        "duties": [{"id": "own-duty", "name": names["duty"], "every": "100 d"}],
    }


def kept_in(folder: Path, names: dict[str, str], ids: Callable[[str], str]) -> Iterator[Kept]:
    folder.mkdir()
    month = named(evidence_months.month(2026, 10, interval=7200), ids)
    month.sheets = month.sheets[::6]
    config = configuration(month, folder, **more(month, names))
    store = Store.open(f"sqlite:///{folder}/history.db")
    record(month, store)
    for one in declared(month, names):
        store.operate(one)
    yield Kept(
        config, yaml.safe_load((folder / "config.yaml").read_text()), store, month.until + 3 * DAY
    )
    store.close()


def declared(month: Month, names: dict[str, str]) -> Iterator[Operation]:
    """A duty that was done, and a fault of an earlier log."""
    since = float(month.since)
    texts = {"evidence": names["evidence"], "note": names["imported"]}
    done = {"did": "done", "done": since} | texts
    yield Operation(OperationKind.DUTY, "own-duty", names["person"], since, None, done, "d1")
    old = {"did": "imported", "reported": since - 90 * DAY, "restored": since - 80 * DAY}
    old |= {
        "reason": "faulty",
        "device": names["imported"],
        "reference": names["evidence"],
        "note": "",
    }
    yield Operation(OperationKind.IMPORTED, "old1", names["person"], since, None, old, "o1")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("named") / "a"
    yield from kept_in(folder, NAMES, lambda name: name.replace("C00", "PTZ-H"))


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    folder = tmp_path_factory.mktemp("renamed") / "b"
    yield from kept_in(folder, OTHER, lambda name: name.replace("C00", "another-"))


def strings(node: Any) -> Iterator[str]:
    """Every string of the configuration."""
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from strings(one)
    if isinstance(node, str):
        yield node


def secrets(kept: Kept) -> set[str]:
    """What must not be said: every string of config.yaml, and what people have typed."""
    told = {one for one in strings(kept.tree) if not re.fullmatch(r"[\d :-]+|.", one)}
    return (told | {NAMES["person"], NAMES["imported"], NAMES["evidence"]}) - COMMON


def of_pdf(pdf: bytes) -> str:
    """Everything that a PDF says: its text, and each string and stream of its objects, uncompressed."""
    parts = [printed(pdf)]
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for one in document.objects:
            if isinstance(one, pikepdf.Stream):
                parts.append(one.read_bytes().decode("utf-8", "replace"))
            parts += said(one)
        parts += said(document.trailer)
    return "\n".join(parts)


def said(one: Any, depth: int = 6) -> Iterator[str]:
    """The strings and names of an object; what it refers to is an object of its own."""
    if isinstance(one, pikepdf.String | pikepdf.Name):
        yield str(one)
    elif isinstance(one, pikepdf.Array) and depth:
        for part in one:
            yield from said(part, depth - 1)
    elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream) and depth:
        for key, part in one.items():
            yield key
            if not (isinstance(part, pikepdf.Object) and part.is_indirect):
                yield from said(part, depth - 1)


def found(known: set[str], form: str, body: bytes) -> set[str]:
    """Which of `known` a report says, however it is written there."""
    if form == ".pdf":
        squeezed = "".join(of_pdf(body).replace("\u200b", "").split())
        return {one for one in known if len(one) > SHORT and "".join(one.split()) in squeezed}
    text = body.decode()
    plain = [
        text,
        html.unescape(text),
        html.unescape(html.unescape(text)),
        text.replace('""', '"').replace('\\"', '"'),
    ]
    pages = [*plain, *(" ".join(one.split()) for one in plain)]
    return {one for one in known if any(_has(page, one) for page in pages)}


def _has(page: str, one: str) -> bool:
    edges = [r"\b" if end.isalnum() else "" for end in (one[0], one[-1])]
    return re.search(f"{edges[0]}{re.escape(one)}{edges[1]}", page, re.IGNORECASE) is not None


@pytest.mark.parametrize("kind", KINDS)
def test_no_form_says_a_configured_string(kind: str, kept: Kept) -> None:
    known = secrets(kept)
    assert {"10.20.0.1", "PTZ-H1", "repair-co", *NAMES.values(), "K & Q"} <= known
    document = kept.report(kind)
    for form, made_form in report_forms.FORMS.items():
        assert found(known, form, made_form(document)) == set(), form


@pytest.mark.parametrize("kind", KINDS)
def test_other_names_give_the_same_report(kind: str, kept: Kept, renamed: Kept) -> None:
    assert kept.report(kind) == renamed.report(kind)
    assert kept.report(kind, public=False) != renamed.report(kind, public=False)


# At each place of a report another name; it must be found in each form that has the place.
PLACES = {
    "estate": "estate",
    "entity": "note",
    "typst": "heading",
    "sheet": "paragraph",
    "longer": "caption",
    "script": "cell",
    "contractor": "text of a chart",
    "duty": "label of a chart",
    "imported": "title of a chart",
    "person": "title",
}
# A chart stands in CSV and on a terminal as its table and in words.
CHARTS = {"contractor", "duty", "imported"}
UNSEEN = {".csv": CHARTS | {"estate"}, ".txt": {"duty", "imported", "person"}}


@pytest.mark.parametrize("form", report_forms.FORMS)
def test_the_search_finds_a_name_wherever_it_stands(form: str, kept: Kept) -> None:
    body = report_forms.FORMS[form](planted(kept.report("monthly")))
    expected = {NAMES[key] for key in PLACES if key not in UNSEEN.get(form, ())}
    expected -= {one for one in expected if form == ".pdf" and len(one) <= SHORT}
    assert expected <= found(secrets(kept), form, body)


def planted(document: Document) -> Document:
    """The public report with a name at each place."""
    at = {place: NAMES[key] for key, place in PLACES.items()}
    chart = {
        "title": at["title of a chart"],
        "labels": [at["label of a chart"]],
        "values": [1.0],
        "unit": "%",
        "text": at["text of a chart"],
    }
    rows = {"caption": at["caption"], "heads": ["a", "b"], "rows": [["1", at["cell"]]]}
    section = {
        "heading": at["heading"],
        "paragraphs": [at["paragraph"]],
        "tables": [rows],
        "charts": [chart],
    }
    title = {"title": f"CCTV {at['title']}", "estate": at["estate"], "notes": [at["note"]]}
    return document | title | {"sections": [section]}
