"""Django admin for people and workspaces. The way in is our own sign-in, with its second factor and rate limits."""

from typing import Any

import allauth.mfa.admin
import allauth.socialaccount.admin  # noqa: F401  (registers what is taken back below)
from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialApp, SocialToken
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from tenants.models import Membership, Tenant, User

admin.site.site_header = admin.site.site_title = "Vendo operators"
admin.site.index_title = "Overview"
_sign_in = secure_admin_login(admin.site.login)


def _login(request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
    """Whoever is signed in and no operator is told so, instead of being asked to sign in again."""
    if request.user.is_authenticated and not admin.site.has_permission(request):
        raise PermissionDenied(
            "This part is for those who operate Vendo here, not for workspaces. You are signed in as "
            f"{request.user.email}, who is none of them: ask one to let you in, or sign in as somebody else."
        )
    answer: HttpResponse = _sign_in(request, extra_context)
    return answer


admin.site.login = _login  # type: ignore[method-assign]
# Their pages show secrets. Social sign-in is set up in the environment, and we keep no tokens of it.
admin.site.unregister([Authenticator, SocialApp, SocialToken])


class NewUserForm(AdminUserCreationForm[User]):
    """A person is known by e-mail address and has no other name."""

    class Meta:
        model = User
        fields = ("email",)


class UserForm(UserChangeForm[User]):
    """Everything about a person but the password, which has a page of its own."""

    class Meta:
        model = User
        fields = "__all__"


class MembershipInline(admin.TabularInline[Membership, Tenant]):
    """Who belongs to a workspace."""

    model = Membership
    extra = 0
    autocomplete_fields = ("user",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin[User]):
    """People."""

    form = UserForm
    add_form = NewUserForm
    list_display = ("email", "is_active", "is_staff", "date_joined", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("email",)
    ordering = ("email",)
    readonly_fields = ("date_joined", "last_login")
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("date_joined", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Not by a click: what they did would go out of the audit log. Who is not active can't sign in."""
        return False


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin[Tenant]):
    """Workspaces and their members."""

    list_display = ("name", "slug", "created_at")
    search_fields = ("name", "slug")
    readonly_fields = ("created_at",)
    inlines = (MembershipInline,)

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        """Not by a click: providers would never hear that their tokens are gone, and tools would run on."""
        return False


@admin.register(Authenticator)
class AuthenticatorAdmin(admin.ModelAdmin[Any]):
    """Second factors, without what they are. Deleting one lets somebody in who lost a phone."""

    list_display = ("user", "type", "created_at", "last_used_at")
    list_filter = ("type",)
    search_fields = ("user__email",)
    fields = readonly_fields = ("user", "type", "created_at", "last_used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People add their own."""
        return False
