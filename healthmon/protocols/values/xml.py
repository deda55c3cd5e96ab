"""XML as devices write it -> a small tree of elements, found by local name. Pure.

Firmwares get namespaces, prefixes and encodings wrong more often than names: so nothing here knows
namespaces, and what is wrong around and inside of the document is mended as far as its meaning is
plain. A DOCTYPE is refused, so no entity can be declared, nothing is expanded and nothing is
fetched. Names live as long as their tree: a parser that keeps them for the life of the process
(libxml2's dictionary) grows with every answer that brings fresh ones.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from collections.abc import Iterator, Sequence
from xml.parsers import expat

from healthmon.model.plain_text import shared
from healthmon.protocols import quirks
from healthmon.protocols.errors import ProtocolError
from healthmon.protocols.values.xml_recovery import recover

DEEPEST = 256
# Elements and attributes: twice what the largest honest answer has, and 50 ms of CPU.
MOST_NODES = 25_000
MOST_BYTES = 2 * 1024 * 1024

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"""<\?xml[^>]{0,64}?encoding\s*=\s*["']([\w.:-]{1,40})""", re.IGNORECASE)
# Encodings whose ASCII is ASCII and whose decoders take time in proportion to the text.
_KNOWN = re.compile(
    r"""(?: iso[-_]?8859[-_]\d{1,2} | latin[-_]?\d | us-ascii | (?:windows-|cp)125\d
    | gb[_-]?(?:2312|k|18030) | big5 | shift[_-]?jis | euc[_-](?:jp|kr) | koi8[_-][ru] )""",
    re.IGNORECASE | re.VERBOSE,
)
# XML 1.0 2.2: these may not stand in a document; some firmwares write them.
_NO_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_BARE_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});)", re.ASCII
)
_NO_REFERENCE = re.compile(
    r"&#(?:0{0,5}(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0{0,4}(?:[0-8bcefBCEF]|1[0-9a-fA-F]));"
)
# One for all elements without attributes: nobody writes to it.
_NO_ATTRIBUTES: dict[str, str] = {}
_DOCTYPE = re.compile("<!doctype", re.IGNORECASE)
_HTML = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)


class Element:
    """One element: its local `name`, its attributes as written, its child elements in order, and
    the text before the first of them.
    """

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: Sequence[
            Element
        ] = ()  # most elements have none: an empty list takes 56 bytes
        self.text = ""

    def add(self, child: Element) -> None:
        """Take `child` as the last of the children."""
        if isinstance(self.children, list):
            self.children.append(child)
        else:
            self.children = [child]

    def __iter__(self) -> Iterator[Element]:
        return iter(self.children)

    def iter(self) -> Iterator[Element]:
        """This element and all below it, in the order of the document."""
        ahead = [self]
        while ahead:
            element = ahead.pop()
            yield element
            ahead += reversed(element.children)

    def get(self, name: str) -> str | None:
        """The attribute `name` in whatever namespace, as it stands there; None without one."""
        found = self.attributes.get(name)
        if found is not None or not self.attributes:
            return found
        ending = f":{name}"
        return next(
            (
                value
                for key, value in self.attributes.items()
                if key.endswith(ending) and not key.startswith("xmlns:")
            ),
            None,
        )


def parse(body: bytes) -> Element:
    """The root element of an XML reply. Raises ProtocolError for anything else, for every DOCTYPE,
    and beyond `DEEPEST`, `MOST_NODES` and `MOST_BYTES`.
    """
    if not body:
        raise ProtocolError("answer is empty")
    if len(body) > MOST_BYTES:
        raise ProtocolError("answer is longer than is read")
    text = _decoded(body)
    text = quirks.first_part(text)
    text = text[max(0, _root_begin(text)) :]
    try:
        return _read(text)
    except ProtocolError as error:
        what = "an HTML page" if _HTML.search(text[:2048]) else "no readable XML"
        raise ProtocolError(f"answer is {what} ({str(error)[:60]})") from None


def _decoded(body: bytes) -> str:
    """The text of `body`. Bytes that are no characters become U+FFFD."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    declared = _DECLARED.search(body[:256])
    name = declared[1].decode("ascii", "replace") if declared else ""
    # Programs that write "utf-16" into what they send as UTF-8 are common enough.
    return body.decode(name if _is_known(name) else "utf-8", "replace")


def _is_known(name: str) -> bool:
    """Whether `name` is an encoding that is read: a pattern alone would take ISO-8859-0 for one."""
    if not _KNOWN.fullmatch(name):
        return False
    with contextlib.suppress(LookupError):
        return bool(codecs.lookup(name))
    return False


def _root_begin(text: str) -> int:
    """Where the root element (or a DOCTYPE) begins: behind padding, a declaration, comments and
    instructions, whatever they say; -1 without one.
    """
    at = text.find("<")
    while at >= 0:
        if text.startswith("<?", at):
            end = text.find("?>", at)
        elif text.startswith("<!--", at):
            end = text.find("-->", at)
        else:
            return at
        at = text.find("<", end) if end >= 0 else -1
    return -1


def _mended(text: str) -> str:
    """`text` with bare ampersands (those of a URI) as references, and without what is no
    character.
    """
    text = _BARE_AMPERSAND.sub("&amp;", text)
    return _NO_CHARACTER.sub("", _NO_REFERENCE.sub("\ufffd", text))


class _Builder:
    """Takes the parser's events; holds no parser, so that all goes with the last reference."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.nodes = 0
        self._open: list[Element] = []

    @property
    def complete(self) -> bool:
        """Whether the root element has been closed."""
        return self.root is not None and not self._open

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """A start tag. Raises ProtocolError beyond the caps."""
        self.nodes += 1 + len(attributes)
        if self.nodes > MOST_NODES:
            raise ProtocolError(f"more than {MOST_NODES} elements")
        ahead = self._open
        if len(ahead) >= DEEPEST:
            raise ProtocolError(f"elements more than {DEEPEST} deep")
        element = Element(name[name.rfind(":") + 1 :], attributes or _NO_ATTRIBUTES)
        if ahead:
            ahead[-1].add(element)
        else:
            self.root = element
        ahead.append(element)

    def end(self, _name: str) -> None:
        """An end tag."""
        self._open.pop()

    def data(self, text: str) -> None:
        """Text; what stands behind a child element is white space or nobody's."""
        element = self._open[-1]
        if not element.children:
            element.text += text


def _read(text: str) -> Element:
    """The tree of `text` as it is, else as far as it can be mended. Raises ProtocolError."""
    if _DOCTYPE.match(text):
        raise ProtocolError("it has a DOCTYPE, which is not read")
    with contextlib.suppress(expat.ExpatError):
        return _tree(text)
    text = _mended(text)
    try:
        return _tree(text)
    except expat.ExpatError as error:
        if quirks.may_be_mended(text):
            with contextlib.suppress(ProtocolError):
                return _recovered(text)
        raise ProtocolError(expat.ErrorString(error.code)) from None


def _recovered(text: str) -> Element:
    """The tree of an envelope that is not well-formed. Raises ProtocolError."""
    builder = _Builder()
    recover(text, builder)
    if builder.root is None:
        raise ProtocolError("cut off")
    return builder.root


def _tree(text: str) -> Element:
    """The tree of the first document in `text`, whatever follows it. Raises ExpatError."""
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text, True)
    except expat.ExpatError:
        if not builder.complete:
            raise
    assert builder.root is not None  # noqa: S101 - expat takes no document without one
    return builder.root


# ------------------------------------------------------------------------------------------------ finding


def find(element: Element | None, *names: str) -> Element | None:
    """The first child called names[0], in it the first called names[1] ..., or None."""
    for name in names:
        if element is None:
            return None
        for child in element.children:
            if child.name == name:
                element = child
                break
        else:
            return None
    return element


def children(element: Element, name: str) -> list[Element]:
    """Every child called `name`."""
    return [child for child in element.children if child.name == name]


def named(root: Element, name: str) -> Iterator[Element]:
    """Every element called `name` in or below `root`, but none inside another one of them: elements
    that are nested in their like could be searched again and again.
    """
    ahead = [root]
    while ahead:
        element = ahead.pop()
        if element.name == name:
            yield element
        else:
            ahead += reversed(element.children)


def text(element: Element | None, *names: str) -> str | None:
    """The stripped text at `names` below `element`; None where it is missing or empty."""
    found = find(element, *names)
    return (shared(found.text.strip()) or None) if found is not None else None


def attribute(element: Element, name: str) -> str | None:
    """The attribute `name` in whatever namespace; None where it is missing or empty."""
    return element.get(name) or None
