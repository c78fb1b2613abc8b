"""Stripe: recorded facts, and what we make of them."""

import hmac
import re
from hashlib import sha256

from connections.catalog import TokenAnswer, get
from tests.connections.catalog.recorded import RecordedApi

# The shape of https://docs.stripe.com/api/accounts/object, with values of our own.
API = {
    "/v1/account": {
        "id": "acct_1Recorded0000001",
        "object": "account",
        "business_profile": {"name": "Analytical Engines", "url": "https://analytical.example"},
        "country": "GB",
        "email": "ada@example.com",
        "settings": {"dashboard": {"display_name": "Analytical Engines", "timezone": "Europe/London"}},
        "type": "standard",
    }
}
PASTED = {"api_key": "rk_live_recorded0123456789abWXYZ", "webhook_secret": "whsec_recorded0123456789"}
VARIABLES = {"STRIPE_API_KEY": PASTED["api_key"], "STRIPE_WEBHOOK_SECRET": PASTED["webhook_secret"]}
ACCOUNT = ("acct_1Recorded0000001", "Analytical Engines")
WAIVERS: set[str] = set()

provider = get("stripe")


def test_an_account_is_known_by_the_name_its_owner_sees() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token=PASTED["api_key"]))
    assert (account.id, account.name) == ACCOUNT
    assert account.metadata == {"account": "acct_1Recorded0000001", "livemode": True}


def test_its_test_mode_is_another_account() -> None:
    account = provider.identify(RecordedApi(API), TokenAnswer(access_token="sk_test_recorded0123456789abWXYZ"))
    assert (account.id, account.name) == ("acct_1Recorded0000001/test", "Analytical Engines (test)")


def test_an_account_without_a_name_is_known_by_its_number() -> None:
    api = RecordedApi({"/v1/account": {"id": "acct_1Recorded0000001", "settings": {"dashboard": {}}}})
    assert provider.identify(api, TokenAnswer(access_token=PASTED["api_key"])).name == "acct_1Recorded0000001"


def test_keys_for_servers_look_like_keys() -> None:
    assert provider.key
    for start in ("sk_live_", "rk_live_", "sk_test_", "rk_test_"):
        assert re.fullmatch(provider.key.pattern, start + "a1B2" * 8)
    assert not re.fullmatch(provider.key.pattern, "pk_live_" + "a1B2" * 8)


def test_a_key_works_without_the_webhooks_secret() -> None:
    assert provider.key
    assert [field.required for field in provider.key.fields] == [True, False]


def test_events_are_signed_together_with_their_time() -> None:
    # https://docs.stripe.com/webhooks#verify-manually
    secret, body, webhook = PASTED["webhook_secret"], b'{"id": "evt_1Recorded", "object": "event"}', provider.webhook
    assert webhook
    signature = hmac.new(secret.encode(), b"1800000000." + body, sha256).hexdigest()
    headers = {"stripe-signature": f"t=1800000000,v1={signature},v0=0000"}
    assert webhook.verify(headers, body, secret, 1_800_000_010.0)
    assert not webhook.verify(headers, body, secret, 1_800_001_000.0)
    assert webhook.event_id(headers, body) == "evt_1Recorded"
