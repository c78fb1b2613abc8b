"""What the admin's pages of tenants' rows share: they are for looking, and an action is asked about first."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ActionLocation, helpers
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

# On the list for those that are ticked, and on each row's own page.
ANYWHERE = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]
MOST = 100  # rows of one action


class Readable(admin.ModelAdmin[Any]):
    """Rows to look at. They change through the product, which tells everybody concerned."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Not here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Not here."""
        return False


class Decidable(Readable):
    """Rows with actions, each of which is confirmed on a page that says what will happen."""

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Whoever may change such rows in principle."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def ask(
        self, request: HttpRequest, chosen: QuerySet[Any], action: str, consequence: str, *, most: int = MOST
    ) -> HttpResponse | None:
        """The page that asks; None once the answer was yes. Whatever was chosen, no more than `most` at a time.

        The answer goes to the list, also from a row's own page: Django handles that one inside a transaction, which
        must not stay open while a provider is asked.
        """
        if request.POST.get("confirmed") == "yes" and "action" in request.POST:
            return None
        if chosen.count() > most:
            self.message_user(request, f"Choose {most} at a time at most.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return TemplateResponse(request, "admin/confirm.html", self._question(request, chosen, action, consequence))

    def _question(self, request: HttpRequest, chosen: QuerySet[Any], action: str, consequence: str) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": self.get_action(action, ANYWHERE[0]).description,  # type: ignore[union-attr]
            "opts": self.opts,
            "consequence": consequence,
            "rows": chosen,
            "action": action,
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "list_url": self._list_url(),
            "back": request.get_full_path(),
        }

    def done(self, request: HttpRequest, changed: int, chosen: int, words: str) -> HttpResponse:
        """Say how many it concerned, and go back to where the action was chosen."""
        level = messages.SUCCESS if changed == chosen else messages.WARNING
        self.message_user(request, f"{changed} of {chosen} {words}.", level)
        return self.back(request)

    def back(self, request: HttpRequest) -> HttpResponse:
        """To where the action was chosen."""
        address = request.POST.get("back", "")
        ours = url_has_allowed_host_and_scheme(address, None) and address.startswith("/")
        return HttpResponseRedirect(address if ours else self._list_url())

    def _list_url(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
