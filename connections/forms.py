"""Forms about connections."""

from django import forms

from connections.models import Connection


class NameForm(forms.ModelForm[Connection]):
    """A name of one's own for a connection."""

    class Meta:
        model = Connection
        fields = ("display_name",)
        labels = {"display_name": "Name"}
        error_messages = {"display_name": {"required": "Give the connection a name, for example the account's."}}
