"""The tester's own cryptography and frames against the golden vectors. 测试工具自检"""

import json
from pathlib import Path

import pytest

from tests.support import raw_bank
from tests.system import messages
from tests.system.billing import late_fee

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "standard.json").read_text())


# No suite has an 8-byte CUPS key; that vector is for the algorithm with single DES.
MACS = [vector for vector in VECTORS["mac"] if (vector["algorithm"], len(vector["key"])) != ("cups", 16)]


@pytest.mark.parametrize("vector", MACS, ids=lambda vector: vector["name"])
def test_macs_are_those_of_the_standards(vector):
    """The bank's side computes the published MACs."""
    compute = {
        "x9.9": raw_bank.x9_9,
        "x9.19": raw_bank.x9_19,
        "cups": raw_bank.cups,
        "aes-cmac": lambda key, data: raw_bank.cmac("aes", key, data),
        "sm4-cmac": lambda key, data: raw_bank.cmac("sm4", key, data),
    }[vector["algorithm"]]
    key, data = bytes.fromhex(vector["key"]), bytes.fromhex(vector["data_hex"])

    assert compute(key, data).hex() == vector["mac"][:16]


@pytest.mark.parametrize("vector", VECTORS["kcv"], ids=lambda vector: vector["cipher"])
def test_key_check_values_are_those_of_the_vectors(vector):
    """The bank's side computes the published key check values."""
    assert raw_bank.kcv(vector["cipher"], bytes.fromhex(vector["key"])).hex() == vector["kcv"]


@pytest.mark.parametrize("vector", VECTORS["unwrap"], ids=lambda vector: vector["kcv"])
def test_session_keys_unwrap_as_in_the_vectors(vector):
    """The bank's side unwraps the published session keys."""
    wrapped, kek = bytes.fromhex(vector["wrapped"]), bytes.fromhex(vector["kek"])
    suite = "des" if len(wrapped) == 8 else "3des"

    key = raw_bank.unwrap(suite, kek, wrapped.ljust(16, b"\0"))

    assert (key.hex(), raw_bank.kcv(suite, key).hex()) == (vector["key"], vector["kcv"])


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: vector["name"])
def test_frames_are_sealed_as_in_the_vectors(vector):
    """The bank's side decrypts each golden frame to its plain body and finds its MAC right."""
    raw, suite = bytes.fromhex(vector["frame"]), vector["suite"]
    body = raw[98:-8]
    if vector["tek"]:
        tek, nonce = bytes.fromhex(vector["tek"]), raw[82:90]
        body = raw_bank.decrypt_body(suite, tek, nonce, body)
        assert raw_bank.encrypt_body(suite, tek, nonce, body) == raw[98:-8]

    assert body.hex() == vector["plain_body"]
    assert raw_bank.mac(suite, bytes.fromhex(vector["mac_key"]), raw[2:-8]) == raw[-8:]


def test_a_pay_request_is_laid_out_as_in_the_vectors():
    """The bank's side lays out the golden PAY request byte for byte."""
    vector = next(item for item in VECTORS["frames"] if item["name"] == "PAY request, 3des, plain")

    assert messages.PAY_REQUEST.pack(**vector["fields"]).hex() == vector["plain_body"]


@pytest.mark.parametrize(
    "vector", VECTORS["late_fee"], ids=lambda vector: f"{vector['user_class']}-{vector['principal']}"
)
def test_late_fees_are_those_of_the_vectors(vector):
    """The tester's own late fee is that of the published examples."""
    fee = late_fee(vector["user_class"], vector["principal"], vector["due"], vector["on"])

    assert fee == vector["late_fee"]
