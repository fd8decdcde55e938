"""The collector 接收方: what the configuration says of it, and the secrets that it wants."""

from collections.abc import Mapping

from fep.config.findings import Place
from fep.config.references import resolve
from fep.config.settings import Settings
from fep.traces.traces import Count, Traces


def traces_of(settings: Settings, count: Count) -> Traces:
    """Return what samples and sends as ``[traces]`` says; not begun yet.

    Raises:
        ConfigInvalid: the headers are not to be had.
    """
    wanted = settings.traces
    place = Place(settings.directory / settings.file_name, "traces.headers")
    headers = _headers(resolve(wanted.headers, place), place) if wanted.headers else {}
    return Traces(wanted.endpoint, wanted.sample_ratio, wanted.service_name, headers, count)


def _headers(text: str, place: Place) -> Mapping[str, str]:
    """Read one ``name: value`` a line; a line that is none is told by its number alone."""
    headers: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, colon, value = line.partition(":")
        if not (colon and name.strip() and name.isascii() and value.strip().isprintable()):
            raise place.unfit(f"line {number} is no 'name: value'", f"第 {number} 行不是 '名称: 值'")
        headers[name.strip()] = value.strip()
    return headers
