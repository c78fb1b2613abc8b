"""Stripe. Keys do not expire. A restricted key may do only what its maker ticked; a test key sees test data only."""

from connections.catalog._inbound import field_of_body, signed_with_time
from connections.catalog._types import (
    Account,
    Api,
    ApiKey,
    EnvVar,
    InboundSecret,
    KeyField,
    Provider,
    Proxy,
    TokenAnswer,
    Webhook,
)


def _account(api: Api, answer: TokenAnswer) -> Account:
    """An account and its test mode have one id at Stripe, and nothing else in common."""
    account = api.get("/v1/account")
    number, is_test = str(account["id"]), "_test_" in answer.access_token
    shown = (account.get("settings") or {}).get("dashboard") or {}
    name = str(shown.get("display_name") or number)
    return Account(
        id=f"{number}/test" if is_test else number,
        name=f"{name} (test)" if is_test else name,
        metadata={"account": number, "livemode": not is_test},
    )


def _me(api: Api) -> None:
    api.get("/v1/account")


provider = Provider(
    slug="stripe",
    name="Stripe",
    category="Payments",
    summary="Work with the customers, payments and subscriptions of a Stripe account.",
    docs_url="https://docs.stripe.com/keys",
    brand_color="#635bff",
    api_url="https://api.stripe.com",
    proxy=Proxy(),
    env=(EnvVar(name="STRIPE_API_KEY"), EnvVar(name="STRIPE_WEBHOOK_SECRET", source="secrets.webhook_secret")),
    auth=(
        ApiKey(
            keys_url="https://dashboard.stripe.com/apikeys",
            how="Create a restricted key on Stripe's page of API keys, tick what your tool needs, and copy it.",
            fields=(
                KeyField(example="rk_live_…"),
                KeyField(name="webhook_secret", label="Webhook signing secret", example="whsec_…", required=False),
            ),
            pattern=r"[sr]k_(live|test)_[A-Za-z0-9_]{16,}",
            looks="begins with rk_live_, sk_live_, rk_test_ or sk_test_",
            # `connected_account_read` of https://docs.stripe.com/keys/permissions-reference.
            needs="read accounts, which Stripe lists under Connect",
        ),
        InboundSecret(
            setup_url="https://dashboard.stripe.com/webhooks",
            how="On Stripe's page of webhooks add an endpoint with the connection's address, choose its events, and "
            "copy its secret.",
            label="Webhook signing secret",
            example="whsec_…",
        ),
    ),
    # https://docs.stripe.com/webhooks#verify-manually; an event keeps its id when it is sent again.
    webhook=Webhook(secret="webhook_secret", verify=signed_with_time("Stripe-Signature"), event_id=field_of_body("id")),
    identify=_account,
    verify=_me,
)
