"""Django admin of this floor, in files of its own. No secret is ever shown; none can be read back."""

from connections.admin_audit import AuditAdmin
from connections.admin_connections import ConnectAttemptAdmin, ConnectionAdmin, RefreshAdmin
from connections.admin_integrations import IntegrationAdmin

__all__ = ["AuditAdmin", "ConnectAttemptAdmin", "ConnectionAdmin", "IntegrationAdmin", "RefreshAdmin"]
