"""Instagram, signed in at Instagram. An hour's token is swapped for one of sixty days, which is renewed with itself."""

from collections.abc import Mapping
from typing import Any

from connections.catalog._types import (
    Account,
    Api,
    Brokered,
    InBand,
    OAuth2,
    Provider,
    Proxy,
    Scope,
    Swap,
    TokenAnswer,
    Waiver,
)

DAY = 86_400  # seconds


def _me(api: Api) -> Mapping[str, Any]:
    """Documented as a list with one entry, sent as that entry."""
    answer = api.get("/me", fields="user_id,username")
    found: Mapping[str, Any]
    found, *_ = answer.get("data", [answer])
    return found


def _professional(api: Api, answer: TokenAnswer) -> Account:
    """`user_id` is the account's own number, which every address of the API wants; `id` would be ours alone."""
    me = _me(api)
    ig_user_id = str(me["user_id"])
    return Account(id=ig_user_id, name=f"@{me['username']}", context={"ig_user_id": ig_user_id})


def _ask_who(api: Api) -> None:
    _me(api)


provider = Provider(
    slug="instagram",
    name="Instagram",
    category="Social media",
    summary="Read and publish posts of a professional Instagram account.",
    docs_url="https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login",
    brand_color="#ff0069",
    api_url="https://graph.instagram.com",
    proxy=Proxy(),
    in_band=InBand(path=("error", "code"), dead=frozenset({"190"})),
    auth=(
        OAuth2(
            profile="user_oauth",
            register_url="https://developers.facebook.com/apps",
            register=(
                "Create an app that manages Instagram, set up business login with Instagram, and enter the callback "
                "address there. Take the id and secret of the Instagram app, which are others than those of the Meta "
                "app around it. Until Meta has reviewed it, only accounts that have a role in it can connect."
            ),
            authorize_url="https://www.instagram.com/oauth/authorize",
            token_url="https://api.instagram.com/oauth/access_token",
            client_auth="post",
            scope_separator=",",
            scopes=(
                Scope(name="instagram_business_basic", meaning="See your profile and your posts"),
                Scope(name="instagram_business_content_publish", meaning="Publish posts for you"),
            ),
            lifetime=3600,
            lengthen=Swap(
                url="https://graph.instagram.com/access_token",
                params={
                    "grant_type": "ig_exchange_token",
                    "client_secret": "{client_secret}",
                    "access_token": "{access_token}",
                },
            ),
            renew=Swap(
                url="https://graph.instagram.com/refresh_access_token",
                params={"grant_type": "ig_refresh_token", "access_token": "{access_token}"},
            ),
            idle_days=60,
            # A token that has run out can't be renewed any more: a week's chances, besides the periodic renewal's.
            refresh_margin=7 * DAY,
            pkce=Waiver(
                value=None,
                reason="Neither the authorization window nor the token endpoint knows PKCE.",
                source="https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login"
                "/business-login",
                checked="2026-11-28",
            ),
        ),
        Brokered(toolkit="instagram"),
    ),
    context={"ig_user_id": "the account's number, part of addresses"},
    identify=_professional,
    verify=_ask_who,
)
