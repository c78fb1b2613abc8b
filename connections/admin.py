"""Django admin of this floor, in files of its own. No secret is ever shown; none can be read back."""

from connections.admin_audit import AuditAdmin
from connections.admin_connections import ConnectAttemptAdmin, ConnectionAdmin, RefreshAdmin
from connections.admin_integrations import IntegrationAdmin
from connections.admin_requests import IntegrationRequestAdmin

__all__ = ["AuditAdmin", "ConnectAttemptAdmin", "ConnectionAdmin", "IntegrationAdmin", "IntegrationRequestAdmin"]
__all__ += ["RefreshAdmin"]
