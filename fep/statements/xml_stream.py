"""XML stream 流式 XML: elements written as they come, so that a document of any length takes no memory."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

_UNFIT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 does not take, not even escaped."""

_NONE: "AttributesImpl[str]" = AttributesImpl({})


def fit(value: str) -> str:
    """Return a text without the characters that no XML document may have."""
    return value if value.isprintable() else _UNFIT.sub("", value)


class XmlStream:
    """An XML document under construction.

    Args:
        file: where it goes, in UTF-8.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._generator = XMLGenerator(file, "utf-8", short_empty_elements=True)
        self._generator.startDocument()

    @contextmanager
    def element(self, *names: str, **attributes: str) -> Iterator[None]:
        """Write these elements, one inside the other, around what the block writes; attributes are the last one's."""
        for name in names[:-1]:
            self._generator.startElement(name, _NONE)
        self._generator.startElement(names[-1], AttributesImpl(attributes) if attributes else _NONE)
        yield
        for name in reversed(names):
            self._generator.endElement(name)

    def text(self, value: str, *names: str, **attributes: str) -> None:
        """Write a value inside these elements; nothing when it is empty."""
        value = fit(value)
        if not value:
            return
        generator = self._generator
        for name in names[:-1]:
            generator.startElement(name, _NONE)
        generator.startElement(names[-1], AttributesImpl(attributes) if attributes else _NONE)
        generator.characters(value)
        for name in reversed(names):
            generator.endElement(name)

    def line(self) -> None:
        """Begin a new line: a document in one line opens in no editor."""
        self._generator.ignorableWhitespace("\n")

    def end(self) -> None:
        """Write what is left."""
        self._generator.endDocument()
