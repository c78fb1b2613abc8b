"""Mail on the terminal, for a machine that sends none."""

from django.core.mail import EmailMessage
from django.core.mail.backends import console


class EmailBackend(console.EmailBackend):
    """Prints messages as a person reads them. Django's own prints them as they travel, which breaks long lines: a link
    of a password reset then can't be opened."""

    def write_message(self, message: EmailMessage) -> None:
        """One message, with a line under it."""
        lines = [
            f"Mail to {', '.join(message.recipients())}: {message.subject}",
            "",
            str(message.body).strip(),
            "-" * 79,
        ]
        self.stream.write("\n".join(lines) + "\n")
