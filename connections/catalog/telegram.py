"""Telegram bots. A bot's token is part of every address; only one program may read a bot's messages at a time."""

from connections.catalog._inbound import field_of_body, sent_along
from connections.catalog._types import (
    Account,
    Api,
    ApiKey,
    DeployHook,
    EnvVar,
    KeyField,
    Provider,
    Proxy,
    TokenAnswer,
    Webhook,
)


def _bot(api: Api, answer: TokenAnswer) -> Account:
    bot = api.get("/getMe")["result"]
    username = str(bot["username"])
    return Account(
        id=str(bot["id"]), name=f"@{username}", metadata={"username": username, "bot_name": str(bot["first_name"])}
    )


def _get_me(api: Api) -> None:
    api.get("/getMe")


def _set_webhook(api: Api, url: str, secret: str) -> None:
    api.post("/setWebhook", {"url": url, "secret_token": secret})


def _delete_webhook(api: Api, url: str) -> None:
    # Whoever has pointed the bot somewhere else since then is left alone.
    if api.get("/getWebhookInfo")["result"]["url"] == url:
        api.post("/deleteWebhook", None)


provider = Provider(
    slug="telegram",
    name="Telegram",
    category="Messaging",
    summary="Send and receive messages as a Telegram bot of yours.",
    docs_url="https://core.telegram.org/bots/api",
    brand_color="#26a5e4",
    api_url="https://api.telegram.org",
    proxy=Proxy(header=None, path="/bot{}"),
    env=(
        EnvVar(name="TELEGRAM_BOT_TOKEN"),
        EnvVar(name="TELEGRAM_SIGNING_SECRET", source="secrets.signing_secret"),
        EnvVar(name="TELEGRAM_BOT_USERNAME", source="metadata.username"),
        EnvVar(name="TELEGRAM_BOT_ID", source="account_id"),
    ),
    exclusive=True,
    auth=(
        ApiKey(
            keys_url="https://t.me/BotFather",
            how="Send /newbot to @BotFather in Telegram, or /mybots for a bot you have, and copy the token it sends.",
            fields=(KeyField(name="bot_token", label="Bot token", example="123456789:AA…"),),
            pattern=r"[0-9]{6,}:[A-Za-z0-9_-]{30,}",
            looks="is a number, a colon and some 35 letters and digits",
            # What is no token at all makes an address that Telegram does not know.
            refused=frozenset({401, 404}),
            # Telegram sends it along with every message (`secret_token` of setWebhook).
            made=("signing_secret",),
        ),
    ),
    # https://core.telegram.org/bots/api#setwebhook; an update keeps its number when it is sent again.
    webhook=Webhook(
        secret="signing_secret",
        verify=sent_along("X-Telegram-Bot-Api-Secret-Token"),
        event_id=field_of_body("update_id"),
    ),
    deploy_hooks=(
        DeployHook(
            name="telegram_set_webhook",
            do=_set_webhook,
            undo=_delete_webhook,
            done="Telegram sends the bot's messages to the tool.",
            remedy="Telegram must reach this dashboard over https, on port 443, 80, 88 or 8443, with a certificate "
            "that it trusts. See that it does, then retry.",
        ),
    ),
    identify=_bot,
    verify=_get_me,
)
