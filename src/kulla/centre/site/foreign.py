"""Texts of allauth's pages that our users meet. Allauth has no Albanian: named here, they stand in our catalogue."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

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
    _("Account Connections"),
    _("Account Inactive"),
    _("This account is inactive."),
    _("This account is currently inactive."),
    _("Email"),
    _("Email Addresses"),
    _("Add Email"),
    _("Add Email Address"),
    _("The following email addresses are associated with your account:"),
    _("Warning:"),
    _(
        "You currently do not have any email address set up. You should really add an email address so you "
        "can receive notifications, reset your password, etc."
    ),
    _("Add a Third-Party Account"),
    _("You currently have no third-party accounts connected to this account."),
    _("You can sign in to your account using any of the following third-party accounts:"),
    _("Third-Party Login Failure"),
    _("An error occurred while attempting to login via your third-party account."),
    _("Login Cancelled"),
    _(
        "You decided to cancel logging in to our site using one of your existing accounts. If this was a "
        'mistake, please proceed to <a href="%(login_url)s">sign in</a>.'
    ),
    _("You are about to sign in using a third-party account from %(provider)s."),
    _("You are about to connect a new third-party account from %(provider)s."),
    _("Sign In Via %(provider)s"),
    _("Connect %(provider)s"),
    _("Continue"),
    _("Or use a third-party"),
    _("The third-party account has been connected."),
    _("The third-party account has been disconnected."),
    _("The third-party account is already connected to a different account."),
    _("You cannot disconnect your last remaining third-party account."),
    _("Your account has no password set up."),
    _("Confirm Email Address"),
    _(
        'This email confirmation link expired or is invalid. Please <a href="%(email_url)s">issue a new '
        "email confirmation request</a>."
    ),
    _("Verify Your Email Address"),
    _(
        "We have sent an email to you for verification. Follow the link provided to finalize the signup "
        "process. If you do not see the verification email in your main inbox, check your spam folder. "
        "Please contact us if you do not receive the verification email within a few minutes."
    ),
    _("Bad Token"),
    _(
        "The password reset link was invalid, possibly because it has already been used.  Please request a "
        '<a href="%(passwd_reset_url)s">new password reset</a>.'
    ),
    _("Password Reset"),
    _(
        "We have sent you an email. If you have not received it please check your spam folder. Otherwise "
        "contact us if you do not receive it in a few minutes."
    ),
    _("Sign Up Closed"),
    _("We are sorry, but the sign up is currently closed."),
    _("Your password is now changed."),
    _("Password successfully changed."),
    _("Password successfully set."),
    _("Forgot your password?"),
    _("Note"),
    _("You are already logged in as %(user_display)s."),
    _("You have signed out."),
    _("Successfully signed in as %(name)s."),
    _("Are you sure you want to sign out?"),
    _("Sign Out"),
    _("Sign In"),
    _("Login"),
    _("Password (again)"),
    _("Incorrect password."),
    _("Invalid login."),
    _("Invalid or expired key."),
    _("Invalid token."),
    _("Please type your current password."),
    _("The new value must be different from the current one."),
    _("The password reset token was invalid."),
    _("You must type the same password each time."),
    _("Be patient, you are sending too many requests."),
    _("Use authenticator app or code"),
    _("Use your password"),
    _("Username can not be used. Please use other username."),
    _("Add"),
    _("Edit"),
    _("Remove"),
    _("Save"),
    _("Key"),
    _("Usage"),
    _("Primary"),
    _("Security key"),
    _("Passkey"),
    _("Unspecified"),
    _("Master key"),
    _("Backup key"),
    _("Key nr. {number}"),
    _("Passwordless"),
    _(
        "Enabling passwordless operation allows you to sign in using just this key, but imposes additional "
        "requirements such as biometrics or PIN protection."
    ),
    _("Added on %(created_at)s"),
    _("Last used %(last_used)s"),
    _("Edit Security Key"),
    _("Remove Security Key"),
    _("Are you sure you want to remove this security key?"),
    _("Security key added."),
    _("Security key removed."),
    _("This functionality requires JavaScript."),
    _(
        "To protect your account with two-factor authentication, scan the QR code below with your "
        "authenticator app. Then, input the verification code generated by the app below."
    ),
    _("Authenticator app activated."),
    _("Authenticator app deactivated."),
    _("Deactivate Authenticator App"),
    _("You are about to deactivate authenticator app based authentication. Are you sure?"),
    _("You cannot deactivate two-factor authentication."),
    _("You cannot generate recovery codes without having two-factor authentication enabled."),
    _("You are about to generate a new set of recovery codes for your account."),
    _("This action will invalidate your existing codes."),
    _("Are you sure?"),
    _("Unused codes"),
    _("Download codes"),
    _("Generate new codes"),
    _("I have saved my recovery codes"),
    _("A new set of recovery codes has been generated."),
    _("Save them  in a secure location now — they won't be shown again."),
)
COUNTED: Final = (
    ngettext_lazy(
        "You have added %(count)s security key.",
        "You have added %(count)s security keys.",
    ),
    ngettext_lazy(
        "There is %(unused_count)s out of %(total_count)s recovery codes available.",
        "There are %(unused_count)s out of %(total_count)s recovery codes available.",
    ),
)
