"""Messages 报文: what the tests of statements read them with: the official schema, and short names for paths."""

from pathlib import Path

from lxml import etree

NAMESPACES = {"c": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
_SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "schema" / "camt.053.001.08.xsd"))


def valid(content: bytes) -> etree._Element:
    """Return the document; fails when it is not what the schema says."""
    document = etree.fromstring(content)
    _SCHEMA.assertValid(document)
    return document


def texts(element: etree._Element, path: str) -> list[str]:
    """Return the texts at a path without prefixes: ``Ntry/Amt`` anywhere below the element."""
    steps = "/".join(f"c:{step}" for step in path.split("/"))
    return [found.text or "" for found in element.iterfind(f".//{steps}", NAMESPACES)]


def elements(element: etree._Element, name: str) -> list[etree._Element]:
    """Return the elements of a name below the element."""
    return element.findall(f".//c:{name}", NAMESPACES)
