"""Signatures against the published example, and as a receiver checks them."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from app.outbox import signing

EXAMPLE = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330)


def test_the_published_example_has_the_published_signature() -> None:
    secret, message, timestamp = EXAMPLE
    signed = signing.headers([secret], message, datetime.fromtimestamp(timestamp, UTC), b'{"test": 2432232314}')
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed["webhook-id"] == message
    assert signed["webhook-timestamp"] == str(timestamp)


def test_two_secrets_that_are_alive_make_two_signatures() -> None:
    old, new = signing.make_secret(), signing.make_secret()
    at = datetime(2026, 11, 2, tzinfo=UTC)
    both = signing.headers([new, old], "m", at, b"x")["webhook-signature"].split(" ")
    each = [signing.headers([one], "m", at, b"x")["webhook-signature"] for one in (new, old)]
    assert both == each


def test_a_secret_has_256_random_bits() -> None:
    secrets = {signing.make_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)


def test_a_robot_of_dingtalk_gets_milliseconds_and_a_signature_fit_for_a_query() -> None:
    at = datetime(2026, 11, 2, 1, 0, 0, 500_000, tzinfo=UTC)
    timestamp, sign = signing.dingtalk("SEC0123", at)
    assert timestamp == "1793581200500"
    plain = base64.b64encode(hmac.new(b"SEC0123", b"1793581200500\nSEC0123", hashlib.sha256).digest()).decode()
    assert sign == plain.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
