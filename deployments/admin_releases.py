"""Django admin for tools and releases: upload one, choose which one new deployments get, see how its wizard is."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from pydantic import ValidationError

from connections.admin_rows import ANYWHERE, Decidable
from deployments import archives, releases
from deployments.layout import Plan, plan
from deployments.layout_advice import outline
from deployments.manifest import ManifestError, published
from deployments.models import Release, Tool
from deployments.publish import Publication, publication
from deployments.releases import ReleaseRefused
from deployments.toolfiles import MAX_BYTES

type Upload = UploadedFile[bytes]


class UploadForm(forms.ModelForm[Release]):
    """A tool's folder as a zip. Being valid means being published: only publishing knows all that can be wrong."""

    archive = forms.FileField(
        label="Zip file",
        help_text="The tool's folder, with vendo.yaml in it. It becomes the release that new deployments get. "
        "Its code will run on this installation for every tenant who deploys it.",
        widget=forms.FileInput(attrs={"accept": ".zip,application/zip"}),
    )
    result: Publication

    class Meta:
        model = Release
        fields = ()

    def clean_archive(self) -> Upload:
        """Publish, or say line by line what to change."""
        archive: Upload = self.cleaned_data["archive"]
        if (archive.size or 0) > MAX_BYTES:
            raise forms.ValidationError(f"The file is larger than {MAX_BYTES // 1024**2} MiB.")
        try:
            self.result = _publish(archive)
        except ManifestError as error:
            raise forms.ValidationError([str(problem) for problem in error.problems]) from None
        return archive

    def _post_clean(self) -> None:
        # The row is in the database already; there is nothing to fill in or to check against it.
        pass

    def save(self, commit: bool = True) -> Release:  # noqa: FBT001, FBT002  (Django's signature)
        """The release that was published."""
        return self.result.release


def _publish(archive: Upload) -> Publication:
    assert archive.file is not None
    with tempfile.TemporaryDirectory() as folder:
        return publication(archives.unpack(archive.file, Path(folder)))


class ReleaseInline(admin.TabularInline[Release, Tool]):
    """A tool's versions."""

    model = Release
    fields = readonly_fields = ("version", "status", "published_at")
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They are uploaded, or published by command."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A release never changes."""
        return False


@admin.register(Tool)
class ToolAdmin(admin.ModelAdmin[Tool]):
    """The tools that can be deployed. Uploading a release adds them, and so does `publish_tool`."""

    list_display = ("name", "slug", "new_deployments_get", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("slug", "created_at")
    inlines = (ReleaseInline,)

    @admin.display(description="New deployments get", empty_value="no release: it can't be deployed")
    def new_deployments_get(self, tool: Tool) -> str | None:
        """The active release's version."""
        return tool.active_release.version if tool.active_release else None

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A tool without a release is of no use."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Tool | None = None) -> bool:
        """Its deployments run on."""
        return False


@admin.register(Release)
class ReleaseAdmin(Decidable):
    """Published versions. They can be uploaded, activated and withdrawn; nothing in them changes."""

    list_display = ("tool", "version", "status", "wizard", "deployed", "published_at")
    list_display_links = ("version",)
    list_filter = ("status", "tool")
    list_select_related = ("tool",)
    search_fields = ("tool__slug", "tool__name", "version")
    fields = (
        "id",
        "tool",
        "version",
        "status",
        "wizard",
        "wizard_pages",
        "layout_problem",
        "digest",
        "source_dir",
        "manifest",
        "template",
        "published_at",
    )
    actions = ("activate", "withdraw")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """By upload."""
        return request.user.has_perm("deployments.add_release")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Release]:
        """With the number of deployments."""
        rows: QuerySet[Release] = super().get_queryset(request)
        return rows.annotate(deployment_count=Count("deployments"))

    def get_fields(self, request: HttpRequest, obj: Release | None = None) -> Any:
        """For a new one, the file."""
        return super().get_fields(request, obj) if obj else ("archive",)

    def get_readonly_fields(self, request: HttpRequest, obj: Release | None = None) -> Any:
        """All there is."""
        return self.fields if obj else ()

    def get_form(self, request: HttpRequest, obj: Release | None = None, change: bool = False, **more: Any) -> Any:  # noqa: FBT001, FBT002  (Django's signature)
        """For a new one, the upload."""
        return super().get_form(request, obj, change, **more) if obj else UploadForm

    def save_model(self, request: HttpRequest, obj: Release, form: Any, change: Any) -> None:
        """It is saved."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        """There is nothing."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One button: what is uploaded is shown next in any case."""
        buttons = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {"title": "Upload a release", **buttons, **(extra_context or {})})

    def response_add(self, request: HttpRequest, obj: Release, post_url_continue: str | None = None) -> HttpResponse:
        """Show the release, and whether its layout is used."""
        self.message_user(request, f"{obj} is what new deployments get now.", messages.SUCCESS)
        if plan(published(obj)).problem:
            self.message_user(request, "Its layout can't be used: see below why.", messages.WARNING)
        return HttpResponseRedirect(reverse("admin:deployments_release_change", args=[obj.pk]))

    @admin.action(
        description="Activate: new deployments get it",
        description_plural="Activate: new deployments get the selected releases",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def activate(self, request: HttpRequest, chosen: QuerySet[Release]) -> HttpResponse:
        """One for each tool. Those that run keep what they have, and are offered the upgrade."""
        rows = [*chosen.select_related("tool")]
        if doubled := [name for name, count in Counter(row.tool.name for row in rows).items() if count > 1]:
            self.message_user(request, f"Choose one release of {doubled[0]}, not several.", messages.ERROR)
            return self.back(request)
        consequence = "New deployments get these. What runs keeps what it has, and is offered them."
        if page := self.ask(request, chosen, "activate", consequence):
            return page
        for release in rows:
            try:
                releases.activate(release)
            except ReleaseRefused as refusal:
                self.message_user(request, str(refusal), messages.ERROR)
            else:
                self._tell(request, release, "is what new deployments get now")
        return self.back(request)

    @admin.action(
        description="Withdraw: nobody gets it any more",
        description_plural="Withdraw: nobody gets the selected releases any more",
        permissions=["decide"],
        location=ANYWHERE,
    )
    def withdraw(self, request: HttpRequest, chosen: QuerySet[Release]) -> HttpResponse:
        """What runs, runs on."""
        consequence = "Nobody can deploy these until they are activated again. What runs, runs on."
        if page := self.ask(request, chosen, "withdraw", consequence):
            return page
        for release in chosen.select_related("tool"):
            releases.withdraw(release)
            self._tell(request, release, "is withdrawn")
        return self.back(request)

    def _tell(self, request: HttpRequest, release: Release, what: str) -> None:
        self.log_change(request, release, f"It {what}.")
        self.message_user(request, f"{release} {what}.", messages.SUCCESS)

    @admin.display(description="Deployments", ordering="deployment_count")
    def deployed(self, release: Release) -> int:
        """How many have it, those that were destroyed among them."""
        return int(getattr(release, "deployment_count", 0))

    @admin.display(description="Wizard")
    def wizard(self, release: Release) -> str:
        """Whether the release's layout is used."""
        found = _plan(release)
        if found is None or found.problem:
            return "one page: broken layout"
        return "as laid out" if release.template.get("wizardLayout") is not None else "one page: no layout"

    @admin.display(description="Pages of the wizard")
    def wizard_pages(self, release: Release) -> SafeString:
        """What each asks."""
        found = _plan(release)
        return _lines(outline(found) if found else ())

    @admin.display(description="Why the layout can't be used")
    def layout_problem(self, release: Release) -> SafeString:
        """A line for each thing to change."""
        found = _plan(release)
        return _lines(found.problem.splitlines() if found else ["The release can't be read; publish a new version."])


def _plan(release: Release) -> Plan | None:
    """None for a row of a format that is no longer read; the page must open all the same."""
    try:
        return plan(published(release))
    except (ValidationError, LookupError):
        return None


def _lines(lines: Any) -> SafeString:
    return format_html_join("", "<div>{}</div>", ((line,) for line in lines)) or SafeString("-")
