"""Trace tables 追踪配置表: what ``[traces]`` takes, and whether what it needs is installed."""

import re
from importlib.util import find_spec

from fep.config.converters import reference
from fep.config.findings import Place
from fep.config.settings import TraceSettings

_URL = re.compile(r"(?:https?://[A-Za-z0-9.\[\]:-]+(?:/[!-?A-~]*)?)?", re.ASCII)
"""Nobody's name and password stand in it: they would be shown where it is."""
EXPORTER = "opentelemetry.exporter.otlp.proto.http"


def collector_url(value: object, place: Place) -> str:
    """Take where traces are sent. The value is not shown: a password may stand in it."""
    if isinstance(value, str) and _URL.fullmatch(value):
        return value
    raise place.unfit(
        'expected a URL without a user and a password, as "http://127.0.0.1:4318/v1/traces"',
        '应为不含用户名和密码的 URL, 如 "http://127.0.0.1:4318/v1/traces"',
    )


def headers_reference(value: object, place: Place) -> str:
    """Take a reference to what a collector wants beside traces; empty when it wants nothing."""
    return "" if value == "" else reference(value, place)


def check_extra(traces: TraceSettings, place: Place) -> None:
    """Refuse to trace without the libraries for it.

    Raises:
        ConfigInvalid: they are not installed.
    """
    if traces.endpoint and not _is_installed():
        raise place.unfit(
            "traces need the extra: pip install 'opentelemetry-sdk' 'opentelemetry-exporter-otlp-proto-http'",
            "链路追踪须安装扩展: pip install 'opentelemetry-sdk' 'opentelemetry-exporter-otlp-proto-http'",
        )


def _is_installed() -> bool:
    try:
        return find_spec(EXPORTER) is not None
    except ModuleNotFoundError:
        return False
