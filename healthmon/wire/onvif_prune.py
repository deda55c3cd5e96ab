"""What a few operations need of an ONVIF WSDL: zeep builds objects for all of it, 5 MB a service instead of 1 MB.

References are followed by local name, whatever the prefix: at worst a namesake too many is kept.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from lxml import etree

_XS = "{http://www.w3.org/2001/XMLSchema}"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_REFERENCES = ("type", "base", "ref", "element", "itemType", "substitutionGroup")
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
TYPES = "onvif.xsd"


def pruned(wsdl: Path, operations: Collection[str]) -> dict[str, bytes]:
    """`wsdl` and the ONVIF types beside it with only what `operations` need, by file name. Raises OSError."""
    roots = {
        path.name: etree.fromstring(path.read_bytes(), _PARSER)
        for path in (wsdl, wsdl.with_name(TYPES))
    }
    needed = _needed(list(roots.values()), operations)
    for root in roots.values():
        for schema in root.iter(f"{_XS}schema"):
            _drop(
                child
                for child in schema
                if child.get("name", "") and child.get("name") not in needed
            )
        _drop(one for one in root.iter(f"{_WSDL}operation") if one.get("name") not in operations)
        _drop(one for one in root.iter(f"{_WSDL}message") if not _serves(one, operations))
        _drop(root.iter(f"{_XS}annotation", f"{_WSDL}documentation"))
    return {name: etree.tostring(root) for name, root in roots.items()}


def _drop(elements: Iterable[etree._Element]) -> None:
    for element in list(elements):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)


def _serves(message: etree._Element, operations: Collection[str]) -> bool:
    name = message.get("name") or ""
    return name.removesuffix("Request") in operations or name.removesuffix("Response") in operations


def _needed(roots: Iterable[etree._Element], operations: Collection[str]) -> set[str]:
    """The names of all schema components that the messages of `operations` lead to."""
    components: dict[str, list[etree._Element]] = {}
    found: set[str] = set()
    for root in roots:
        for schema in root.iter(f"{_XS}schema"):
            for child in schema:
                components.setdefault(child.get("name") or "", []).append(child)
        for message in root.iter(f"{_WSDL}message"):
            if _serves(message, operations):
                found.update(_referred(message))
    ahead = list(found)
    while ahead:
        for component in components.get(ahead.pop(), ()):
            new = set(_referred(component)) - found
            found |= new
            ahead += new
    return found


def _referred(element: etree._Element) -> Iterator[str]:
    for one in element.iter(etree.Element):
        names = [one.get(attribute) or "" for attribute in _REFERENCES]
        for name in (*names, *(one.get("memberTypes") or "").split()):
            if name:
                yield name.rpartition(":")[2]
