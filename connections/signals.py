"""What this floor tells the floors above. Receivers run inside the transaction of the change, which has locked the row.

connected       (connection, intent, renewed, by)   stored, new or `renewed`, or chosen as it is; receivers bind
disconnected    (connection, by)                    revoked and wiped; receivers still see its bindings and drop them
changed         (connection)                        name or metadata
status_changed  (connection)                        status went to `connection.status`

`by` is the person who did it, None where nobody did.
"""

from django.dispatch import Signal

connected = Signal()
disconnected = Signal()
changed = Signal()
status_changed = Signal()
