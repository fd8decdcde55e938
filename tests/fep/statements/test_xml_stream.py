"""XML that is written as it comes."""

from io import BytesIO

from lxml import etree

from fep.statements.xml_stream import XmlStream, fit


def test_elements_texts_and_attributes() -> None:
    """Paths of elements are opened and closed, marks are escaped, and nothing stands for an empty text."""
    file = BytesIO()
    stream = XmlStream(file)
    with stream.element("a", "b", kind='"1"'):
        stream.text("x < y & z", "c", "d", unit="fen")
        stream.line()
        stream.text("", "e")
    stream.end()
    assert file.getvalue() == (
        b'<?xml version="1.0" encoding="utf-8"?>\n'
        b'<a><b kind=\'"1"\'><c><d unit="fen">x &lt; y &amp; z</d></c>\n</b></a>'
    )
    assert etree.fromstring(file.getvalue()).findtext("b/c/d") == "x < y & z"


def test_characters_that_xml_does_not_take() -> None:
    """Left out, for not even escaped may they stand there; all others stay."""
    assert fit("甲\t\n\r𠮷\x00\x08\x0b\x1f\ud800\ufffe\uffff") == "甲\t\n\r𠮷"
    assert fit("a\x7f\u2028b") == "a\x7f\u2028b"
