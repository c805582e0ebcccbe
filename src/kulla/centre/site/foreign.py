"""Texts of allauth's pages that our users meet. Allauth has no Albanian: named here, they stand in our catalogue."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _

TEXTS: Final = (
    _("Two-Factor Authentication"),
    _("Authenticator App"),
    _("Authentication using an authenticator app is active."),
    _("An authenticator app is not active."),
    _("Deactivate"),
    _("Activate"),
    _("Security Keys"),
    _("No security keys have been added."),
    _("Manage"),
    _("Recovery Codes"),
    _("No recovery codes set up."),
    _("View"),
    _("Download"),
    _("Generate"),
    _("Activate Authenticator App"),
    _("Authenticator secret"),
    _("You can store this secret and use it to reinstall your authenticator app at a later time."),
    _("Authenticator code"),
    _("Your account is protected by two-factor authentication. Please enter an authenticator code:"),
    _("Alternative options"),
    _("Use a security key"),
    _("Cancel"),
    _("Add Security Key"),
    _("Change Password"),
    _("Current Password"),
    _("New Password"),
    _("New Password (again)"),
    _("Username"),
    _("Password"),
    _("Remember Me"),
    _("Incorrect code."),
    _("The username and/or password you specified are not correct."),
    _("Too many failed login attempts. Try again later."),
    _("Please reauthenticate to safeguard your account."),
    _("Confirm Access"),
    _("Confirm"),
    _("Enter your password:"),
    _("Enter an authenticator code:"),
    _("Code"),
)
