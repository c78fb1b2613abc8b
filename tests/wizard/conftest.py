"""A published tool and a draft of it, begun by the workspace's member."""

from collections.abc import Callable

import pytest
from django.test import Client

from connections.models import Integration
from deployments.models import Release
from tenants.models import Tenant, User
from tests.scenery import make_release
from wizard import draft as drafts
from wizard.models import Draft

QUESTIONS = (
    {"key": "DATABASE", "label": "Database", "inputType": "text"},
    {"key": "MODE", "label": "Mode", "inputType": "select", "options": ["fast", "thorough"], "default": "fast"},
    {"key": "VERBOSE", "label": "Verbose", "inputType": "boolean", "category": "user_optional"},
    {"key": "SECRET", "label": "Secret", "inputType": "password", "category": "user_optional"},
)


@pytest.fixture
def release(notion: Integration, googledrive: Integration) -> Release:
    """A tool that needs Notion, can do with Google Drive, and asks four questions."""
    return make_release(inputs=QUESTIONS)


@pytest.fixture
def draft(tenant: Tenant, member: User, release: Release) -> Draft:
    """A draft as it is right after Deploy."""
    return drafts.start(tenant, member, release)


@pytest.fixture
def browser(client_for: Callable[[User], Client], member: User) -> Client:
    """The member's browser."""
    return client_for(member)
