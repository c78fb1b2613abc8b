"""Gmail. Reading mail is a restricted scope: Google reviews an app before everybody may use it."""

from connections.catalog._google import sign_in
from connections.catalog._types import Account, Api, Brokered, Provider, Proxy, Scope, TokenAnswer


def _mailbox(api: Api, answer: TokenAnswer) -> Account:
    """A mailbox has no id but its address."""
    email = str(api.get("/gmail/v1/users/me/profile")["emailAddress"])
    return Account(id=email, name=email, metadata={"email": email})


def _profile(api: Api) -> None:
    api.get("/gmail/v1/users/me/profile")


provider = Provider(
    slug="gmail",
    name="Gmail",
    category="Email",
    summary="Read the messages of a Gmail mailbox and send some from it.",
    docs_url="https://developers.google.com/workspace/gmail/api/auth/scopes",
    brand_color="#ea4335",
    api_url="https://gmail.googleapis.com",
    proxy=Proxy(),
    auth=(
        sign_in(
            Scope(
                name="https://www.googleapis.com/auth/gmail.readonly",
                meaning="Read your messages and their attachments",
                also=("https://www.googleapis.com/auth/gmail.modify", "https://mail.google.com/"),
            ),
            Scope(
                name="https://www.googleapis.com/auth/gmail.send",
                meaning="Send messages in your name",
                also=(
                    "https://www.googleapis.com/auth/gmail.compose",
                    "https://www.googleapis.com/auth/gmail.modify",
                    "https://mail.google.com/",
                ),
            ),
        ),
        Brokered(toolkit="gmail"),
    ),
    identify=_mailbox,
    verify=_profile,
)
