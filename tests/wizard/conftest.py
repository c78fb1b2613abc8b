"""A published tool and a draft of it, begun by the workspace's member."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from connections.models import Integration
from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_release
from wizard import draft as drafts
from wizard import keep
from wizard.merge import Sender
from wizard.models import Draft
from wizard.pages import pages

QUESTIONS = (
    {"key": "DATABASE", "label": "Database", "inputType": "text"},
    {"key": "MODE", "label": "Mode", "inputType": "select", "options": ["fast", "thorough"], "default": "fast"},
    {"key": "VERBOSE", "label": "Verbose", "inputType": "boolean", "category": "user_optional"},
    {"key": "SECRET", "label": "Secret", "inputType": "password", "category": "user_optional"},
)
# What the phases of most tests are: accounts, then everything else.
LAYOUT = {
    "version": 1,
    "subSteps": [
        {"id": "connect", "title": "Connect", "sections": [{"type": "integration"}]},
        {"id": "details", "title": "Details", "sections": [{"type": "deployment_name"}, {"type": "wizard_inputs"}]},
    ],
}


@pytest.fixture
def release(notion: Integration, googledrive: Integration) -> Release:
    """A tool that needs Notion, can do with Google Drive, and asks four questions."""
    return make_release(inputs=QUESTIONS, layout=LAYOUT)


@pytest.fixture
def draft(tenant: Tenant, member: User, release: Release) -> Draft:
    """A draft as it is right after Deploy."""
    return drafts.start(tenant, member, release)


@pytest.fixture
def browser(client_for: Callable[[User], Client], member: User) -> Client:
    """The member's browser."""
    return client_for(member)


def fill_in(draft: Draft, *, name: str = "Ours", slug: str = "ours", **inputs: Any) -> None:
    """As if a person had filled in these fields, on one page."""
    posted = QueryDict(mutable=True)
    posted.update({"name": name, "slug": slug} | {f"input-{key}": str(value) for key, value in inputs.items()})
    for page in pages(draft).sub_steps:
        keep.keep(draft, page, posted, Sender())
