"""What data sheets say of Composio."""

import dataclasses
from collections import Counter
from typing import Any

import pytest

from connections import catalog
from connections.catalog import Ask, Brokered
from connections.catalog._soundness import problems

SHEET = catalog.get("googledrive")
SHOP = Ask(name="shop", label="Shop", pattern="[a-z]+", looks="letters")


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"auth": (Brokered(toolkit="Google Drive"),)}, "toolkit must be the name at Composio"),
        ({"asks": (SHOP,)}, "can't be connected by way of Composio"),
        ({"account_url": "https://{shop}.example.com", "asks": (SHOP,)}, "can't be connected by way of Composio"),
    ],
)
def test_an_unsound_way_is_refused(fields: dict[str, Any], advice: str) -> None:
    found = problems(dataclasses.replace(SHEET, **fields), SHEET.slug)
    assert [sentence for sentence in found if advice in sentence]
    assert not problems(SHEET, SHEET.slug)


def test_a_toolkit_is_one_providers_and_never_composios_own() -> None:
    named = Counter(provider.broker.toolkit for provider in catalog.all_providers().values() if provider.broker)
    assert set(named.values()) == {1}
    assert not [toolkit for toolkit in named if toolkit.startswith("composio")]
    assert "composio" not in catalog.all_providers()
