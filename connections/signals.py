"""What this floor tells the floors above. Receivers run inside the transaction of the change, which has locked the row.

connected       (connection, intent)   stored, new or renewed; receivers bind
disconnected    (connection)           revoked and wiped; receivers still see its bindings and drop them
changed         (connection)           name or metadata
status_changed  (connection)           status went to `connection.status`
"""

from django.dispatch import Signal

connected = Signal()
disconnected = Signal()
changed = Signal()
status_changed = Signal()
