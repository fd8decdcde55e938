"""The golden vectors that concern keys, MACs and encryption 标准测试向量."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "standard.json").read_text("utf-8"))


@dataclass(frozen=True)
class FrameVector:
    """A golden frame taken apart by hand: length 2 | header 96 | body | MAC 8."""

    name: str
    suite: str
    signs_in: bool
    mac_key: bytes
    tek: bytes | None
    fields: dict[str, Any]
    plain_body: bytes
    authenticated: bytes
    nonce: bytes
    body: bytes
    mac: bytes


def _taken_apart(item: dict[str, Any]) -> FrameVector:
    frame = bytes.fromhex(item["frame"])
    return FrameVector(
        name=item["name"],
        suite=item["suite"],
        signs_in=item["txn_code"] == 1001,
        mac_key=bytes.fromhex(item["mac_key"]),
        tek=bytes.fromhex(item["tek"]) if item["tek"] else None,
        fields=item["fields"],
        plain_body=bytes.fromhex(item["plain_body"]),
        authenticated=frame[2:-8],
        nonce=frame[82:90],
        body=frame[98:-8],
        mac=frame[-8:],
    )


FRAMES = [_taken_apart(item) for item in VECTORS["frames"]]
