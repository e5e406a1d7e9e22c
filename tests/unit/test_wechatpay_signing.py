"""What is signed, sealed and digested for WeChat Pay, against keys made here and the vendor's vector."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from telehealth.payments.adapters.wechatpay.certificates import PlatformKeys
from telehealth.payments.adapters.wechatpay.mixed import card_type, check, id_digest, pay_type
from telehealth.payments.adapters.wechatpay.sealing import Box, Sealed, Unsealable, seal_for
from telehealth.payments.adapters.wechatpay.signing import Doubt, MerchantKey, doubt
from telehealth.payments.errors import ProviderDown, ProviderRefused
from telehealth.payments.ports import MixedFacts

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
API_KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def ours() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def theirs() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def merchant_key(key: RSAPrivateKey) -> MerchantKey:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return MerchantKey(mchid="1900000001", serial_no="ABC123", pem=pem)


def signed(
    key: RSAPrivateKey, body: bytes, *, serial: str = "PUB_KEY_ID_1", at: int = NOW_S
) -> dict[str, str]:
    text = f"{at}\nnonce\n".encode() + body + b"\n"
    return {
        "wechatpay-timestamp": str(at),
        "wechatpay-nonce": "nonce",
        "wechatpay-serial": serial,
        "wechatpay-signature": base64.b64encode(key.sign(text, PKCS1v15(), hashes.SHA256())).decode(),
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
    }


def test_a_request_is_signed_over_five_lines_of_the_very_bytes(ours: RSAPrivateKey) -> None:
    body = '{"a":"中"}'.encode()
    header = merchant_key(ours).authorization("POST", b"/v3/x?y=%7C", body, now_s=NOW_S)
    scheme, _, rest = header.partition(" ")
    said = dict(part.split("=", 1) for part in rest.split(","))
    text = (
        f"POST\n/v3/x?y=%7C\n{NOW_S}\n".encode()
        + said["nonce_str"].strip('"').encode()
        + b"\n"
        + body
        + b"\n"
    )
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert (said["mchid"], said["serial_no"]) == ('"1900000001"', '"ABC123"')
    ours.public_key().verify(
        base64.b64decode(said["signature"].strip('"')), text, PKCS1v15(), hashes.SHA256()
    )


def test_a_clients_call_is_signed_over_four_lines_without_its_kind(ours: RSAPrivateKey) -> None:
    call = merchant_key(ours).client_call("wx1", "wx2016", now_s=NOW_S)
    text = f"wx1\n{NOW_S}\n{call['nonceStr']}\nprepay_id=wx2016\n".encode()
    assert call["signType"] == "RSA"
    ours.public_key().verify(base64.b64decode(call["paySign"]), text, PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("body", [b'{"a":1}', b"", "{“中”}".encode()])
def test_an_answer_is_believed_for_exactly_the_bytes_that_were_signed(
    theirs: RSAPrivateKey, body: bytes
) -> None:
    keys = {"PUB_KEY_ID_1": theirs.public_key()}
    headers = signed(theirs, body)
    assert doubt(headers, body, keys, now_s=NOW_S) is None
    assert doubt(headers, body + b" ", keys, now_s=NOW_S) is Doubt.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("spoilt", "found"),
    [
        ({"wechatpay-signature": "WECHATPAY/SIGNTEST/c2lnbg=="}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-signature": ""}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-signature": "no base64!"}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-timestamp": "yesterday"}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-timestamp": "²"}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-nonce": "other"}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-signature-type": "WECHATPAY2-SM2-WITH-SM3"}, Doubt.BAD_SIGNATURE),
        ({"wechatpay-serial": "PUB_KEY_ID_2"}, Doubt.UNKNOWN_KEY),
    ],
)
def test_what_is_not_signed_by_them_is_doubted(
    theirs: RSAPrivateKey, spoilt: dict[str, str], found: Doubt
) -> None:
    headers = {**signed(theirs, b"{}"), **spoilt}
    assert doubt(headers, b"{}", {"PUB_KEY_ID_1": theirs.public_key()}, now_s=NOW_S) is found


@pytest.mark.parametrize(
    ("age_s", "found"), [(300, None), (-300, None), (301, Doubt.STALE), (-301, Doubt.STALE)]
)
def test_an_old_signature_may_be_a_replay(theirs: RSAPrivateKey, age_s: int, found: Doubt | None) -> None:
    headers = signed(theirs, b"{}", at=NOW_S - age_s)
    assert doubt(headers, b"{}", {"PUB_KEY_ID_1": theirs.public_key()}, now_s=NOW_S) is found


def test_only_the_merchants_key_opens_what_was_sealed_for_it() -> None:
    sealed = sealed_text(b"plain", "transaction")
    assert Box(API_KEY).open(sealed) == b"plain"
    for spoilt in (
        sealed.model_copy(update={"associated_data": ""}),
        sealed.model_copy(update={"ciphertext": sealed.ciphertext[:-8]}),
        sealed.model_copy(update={"ciphertext": "!"}),
        sealed.model_copy(update={"nonce": ""}),
        sealed.model_copy(update={"algorithm": "AEAD_SM4_GCM"}),
    ):
        with pytest.raises(Unsealable):
            Box(API_KEY).open(spoilt)
    with pytest.raises(Unsealable):
        Box(API_KEY[::-1]).open(sealed)


def test_a_field_is_sealed_so_that_the_platform_alone_reads_it(theirs: RSAPrivateKey) -> None:
    sealed = seal_for(theirs.public_key(), "样例甲")
    sha1 = hashes.SHA1()  # noqa: S303 - prescribed
    assert theirs.decrypt(base64.b64decode(sealed), OAEP(MGF1(sha1), sha1, None)).decode() == "样例甲"


# Certificates that rotate.


def test_certificates_are_learnt_from_an_answer_that_one_of_them_signed() -> None:
    first, second = Platform("1A"), Platform("2B", since=timedelta(days=1))
    keys = PlatformKeys(public_key_id="", public_key="")
    with pytest.raises(ProviderDown):
        keys.to_seal()
    assert keys.are_due(NOW)

    body = certificates(first, second)
    keys.learn(signed(first.key, body, serial="1A"), body, Box(API_KEY), now=NOW)

    for each in (first, second):
        assert keys.doubt(signed(each.key, b"{}", serial=each.serial), b"{}", now=NOW) is None
    assert keys.to_seal()[0] == "2B"
    assert not keys.are_due(NOW)


def test_an_unknown_serial_makes_certificates_due_but_not_more_than_once_a_minute() -> None:
    platform = Platform("1A")
    keys = PlatformKeys(public_key_id="", public_key="")
    body = certificates(platform)
    keys.ask(NOW)
    keys.learn(signed(platform.key, body, serial="1A"), body, Box(API_KEY), now=NOW)
    stranger = signed(platform.key, b"{}", serial="FFFF")

    assert keys.doubt(stranger, b"{}", now=NOW) is Doubt.UNKNOWN_KEY
    assert not keys.are_due(NOW + timedelta(seconds=59))
    assert keys.are_due(NOW + timedelta(seconds=60))


def test_certificates_are_looked_at_again_twice_a_day() -> None:
    platform = Platform("1A")
    keys = PlatformKeys(public_key_id="", public_key="")
    body = certificates(platform)
    keys.ask(NOW)
    keys.learn(signed(platform.key, body, serial="1A"), body, Box(API_KEY), now=NOW)
    assert not keys.are_due(NOW + timedelta(hours=12))
    assert keys.are_due(NOW + timedelta(hours=12, seconds=1))


def test_certificates_that_none_of_them_signed_are_not_learnt() -> None:
    platform, forger = Platform("1A"), Platform("1A")
    keys = PlatformKeys(public_key_id="", public_key="")
    body = certificates(platform)
    with pytest.raises(ProviderDown):
        keys.learn(signed(forger.key, body, serial="1A"), body, Box(API_KEY), now=NOW)
    assert keys.doubt(signed(platform.key, b"{}", serial="1A"), b"{}", now=NOW) is Doubt.UNKNOWN_KEY


def test_a_certificate_that_ran_out_or_is_named_falsely_is_left_aside() -> None:
    good, old, misnamed = Platform("1A"), Platform("2B", until=timedelta(0)), Platform("3C", named="4D")
    keys = PlatformKeys(public_key_id="", public_key="")
    body = certificates(good, old, misnamed)
    keys.learn(signed(good.key, body, serial="1A"), body, Box(API_KEY), now=NOW)
    for serial, key in (("2B", old.key), ("3C", misnamed.key), ("4D", misnamed.key)):
        assert keys.doubt(signed(key, b"{}", serial=serial), b"{}", now=NOW) is Doubt.UNKNOWN_KEY


def test_in_public_key_mode_nothing_is_fetched_unless_a_certificate_signs(theirs: RSAPrivateKey) -> None:
    pem = theirs.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    keys = PlatformKeys(public_key_id="PUB_KEY_ID_1", public_key=pem)
    assert not keys.are_due(NOW + timedelta(days=30))
    assert keys.to_seal()[0] == "PUB_KEY_ID_1"
    keys.doubt(signed(theirs, b"{}", serial="1A"), b"{}", now=NOW)
    assert keys.are_due(NOW)


# Insured orders.


@pytest.mark.parametrize(
    ("number", "digest"),
    [
        ("44030019000101123x", "09eb26e839ff3a2e3980352ae45ef09e"),
        ("44030019000101123X", "09eb26e839ff3a2e3980352ae45ef09e"),
    ],
)
def test_the_vendors_vector_of_a_digested_number(number: str, digest: str) -> None:
    assert id_digest(number) == digest


def test_a_number_of_fifteen_digits_is_digested_as_one_of_eighteen() -> None:
    assert id_digest("110105491231002") == id_digest("11010519491231002X")


@pytest.mark.parametrize(
    ("document", "number", "word"),
    [
        ("resident_id", "11010519491231002X", "ID_CARD"),
        ("hk_macau_travel", "H00000000", "MAINLAND_TRAVEL_PERMIT_FOR_HK"),
        ("hk_macau_travel", "M00000000", "MAINLAND_TRAVEL_PERMIT_FOR_MO"),
        ("taiwan_travel", "00000000", "MAINLAND_TRAVEL_PERMIT_FOR_TW"),
        ("foreign_resident", "900000000000000000", "FOREIGN_PERMANENT_RESIDENT"),
        ("passport", "E00000000", "FOREIGNER_PASSPORT"),
    ],
)
def test_documents_have_the_channels_names(document: str, number: str, word: str) -> None:
    assert card_type(document, number) == word


@pytest.mark.parametrize("document", ["residence_permit", "", "hk_macau_travel"])
def test_a_document_the_channel_has_no_name_for_is_refused(document: str) -> None:
    with pytest.raises(ProviderRefused):
        card_type(document, "810000199001010000")


@pytest.mark.parametrize(
    ("parts", "prepay_id", "kind"),
    [
        ((3000, 1500, 0, 500), "wx1", "CASH_AND_INSURANCE"),
        ((3000, 2000, 0, 0), None, "INSURANCE_ONLY"),
        ((0, 0, 0, 5000), "wx1", "CASH_ONLY"),
    ],
)
def test_which_halves_there_are_follows_from_the_parts(
    parts: tuple[int, int, int, int], prepay_id: str | None, kind: str
) -> None:
    facts = split(parts, prepay_id)
    check(facts)
    assert pay_type(facts) == kind


@pytest.mark.parametrize(
    ("parts", "prepay_id"),
    [
        ((3000, 1500, 0, 499), "wx1"),
        ((3000, 1500, 0, 501), "wx1"),
        ((6000, -1500, 0, 500), "wx1"),
        ((3000, 1500, 0, 500), None),
        ((3000, 2000, 0, 0), "wx1"),
    ],
)
def test_a_split_that_does_not_sum_never_leaves_the_house(
    parts: tuple[int, int, int, int], prepay_id: str | None
) -> None:
    with pytest.raises(ProviderRefused) as refused:
        check(split(parts, prepay_id))
    assert refused.value.facts["word"] == "split_unsound"


def split(parts: tuple[int, int, int, int], prepay_id: str | None) -> MixedFacts:
    fund, personal, other, cash = parts
    said: dict[str, Any] = dict.fromkeys(
        ("relative_name", "relative_number", "relative_document", "payer_name", "payer_number"), ""
    )
    return MixedFacts(
        **said,
        hospital="yunan",
        out_trade_no="CH-1",
        openid="o1",
        prepay_id=prepay_id,
        order_kind="consult",
        payer_document="resident_id",
        serial_no="S1",
        pay_order_id="P1",
        pay_auth_no="A1",
        location="0,0",
        created_at=NOW,
        total=5000,
        fund=fund,
        personal=personal,
        other=other,
        cash=cash,
    )


class Platform:
    """A certificate of the platform, valid around NOW."""

    def __init__(
        self,
        serial: str,
        *,
        named: str = "",
        since: timedelta = timedelta(0),
        until: timedelta = timedelta(days=30),
    ) -> None:
        self.key = generate_private_key(65537, 2048)
        self.serial = serial
        self.said = named or serial
        self.since, self.until = NOW + since - timedelta(days=2), NOW + until
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sample")])
        self.pem = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(int(serial, 16))
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(NOW + timedelta(days=900))
            .sign(self.key, hashes.SHA256())
            .public_bytes(Encoding.PEM)
        )


def certificates(*held: Platform) -> bytes:
    data = [
        {
            "serial_no": each.said,
            "effective_time": each.since.isoformat(),
            "expire_time": each.until.isoformat(),
            "encrypt_certificate": sealed_text(each.pem, "certificate").model_dump(),
        }
        for each in held
    ]
    return json.dumps({"data": data}).encode()


def sealed_text(plain: bytes, kind: str) -> Sealed:
    box = AESGCM(API_KEY.encode()).encrypt(b"123456789012", plain, kind.encode())
    return Sealed(ciphertext=base64.b64encode(box).decode(), nonce="123456789012", associated_data=kind)
