"""Changes to staff and keys, each with its line in the log."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date
from typing import Final

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt, encrypt
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from staydown.apps.accounts import tokens
from staydown.apps.accounts.models import SCOPES, ApiKey, Role, Staff
from staydown.apps.audit import actions as audit
from staydown.apps.audit.actor import Actor
from staydown.errors import ConflictError, DeniedError, InvalidError, StateError

SEALED_MFA: Final = ("secret", "seed")


def new_password() -> str:
    """A random password that can be typed: 100 bits in four groups."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))


@transaction.atomic
def create_staff(username: str, *, password: str, role: str, pseudonym: str, by: Actor) -> Staff:
    """A new member of staff. Raises `InvalidError` for a weak password and `ConflictError` for a name that is taken."""
    if role not in Role.values:
        raise InvalidError(f"A role is one of: {', '.join(Role.values)}.")
    staff = Staff(username=Staff.normalize_username(username), role=role, pseudonym=pseudonym.strip())
    if not username.strip() or not staff.pseudonym:
        raise InvalidError("A member of staff needs a name to sign in with, and a pseudonym.")
    _set_password(staff, password)
    try:
        with transaction.atomic():
            staff.save()
    except IntegrityError:
        raise ConflictError("This name or this pseudonym is taken. Choose another.") from None
    audit.record("staff.created", by=by, about=staff, facts={"role": staff.role})
    return staff


@transaction.atomic
def change_role(staff: Staff, *, role: str, by: Actor) -> Staff:
    """Give them another role. The last active administrator keeps theirs, and nobody gives themselves one."""
    if role not in Role.values:
        raise InvalidError(f"A role is one of: {', '.join(Role.values)}.")
    if role != Role.ADMIN:
        _keep_an_admin(staff)
    if (by.kind, by.id) == ("staff", str(staff.public_id)):
        raise DeniedError("You cannot change your own role. Another administrator has to.")
    before, staff.role = staff.role, role
    staff.save(update_fields=["role"])
    audit.record("staff.role_changed", by=by, about=staff, facts={"from": before, "to": role})
    return staff


@transaction.atomic
def deactivate_staff(staff: Staff, *, by: Actor) -> Staff:
    """Let them sign in no more; what they did stays theirs. The last active administrator cannot be shut out."""
    _keep_an_admin(staff)
    staff.is_active = False
    staff.save(update_fields=["is_active"])
    staff.sign_ins.all().delete()
    audit.record("staff.deactivated", by=by, about=staff)
    return staff


@transaction.atomic
def reset_sign_in(staff: Staff, *, by: Actor) -> str:
    """A new random password, with second factors and passkeys taken off: for someone who lost them. Shown once."""
    password = new_password()
    _set_password(staff, password)
    staff.save(update_fields=["password"])
    removed = Authenticator.objects.filter(user=staff).delete()[0]
    staff.sign_ins.all().delete()
    audit.record("staff.sign_in_reset", by=by, about=staff, facts={"factors_removed": removed})
    return password


@transaction.atomic
def create_key(
    name: str,
    scopes: Sequence[str],
    banks: Sequence[str] = (),
    *,
    expires_on: date | None = None,
    made_by: Staff | None = None,
    is_waiting: bool = False,
    by: Actor,
) -> tuple[ApiKey, str]:
    """A new key and its text, which is kept nowhere and so can be shown this once only.

    Whoever lets a person choose the scopes calls `staydown.apps.banks.key_actions.make_key`: some take two people. A
    key that is ``is_waiting`` for one may have none yet.
    """
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not (scopes or is_waiting):
        raise InvalidError(f"A key needs scopes, each one of: {', '.join(SCOPES)}.")
    if not name.strip() or len(name) > 60:
        raise InvalidError("A key needs a name of at most 60 characters that says what it is for.")
    if expires_on is not None and expires_on < timezone.now().date():
        raise InvalidError("A key cannot expire in the past.")
    text = tokens.new()
    key = ApiKey.objects.create(
        name=name.strip(),
        prefix=text[: tokens.SHOWN],
        digest=tokens.digest(text),
        scopes=sorted(set(scopes)),
        banks=sorted(set(banks)),
        expires_on=expires_on,
        made_by=made_by,
    )
    audit.record("key.created", by=by, about=key, facts={"scopes": key.scopes, "banks": key.banks})
    return key, text


@transaction.atomic
def widen_key(key: ApiKey, scope: str, *, by: Actor) -> ApiKey:
    """The key with one scope more. It has it already: nothing happens."""
    if scope not in key.scopes:
        key.scopes = sorted({*key.scopes, scope})
        key.save(update_fields=["scopes"])
        audit.record("key.widened", by=by, about=key, facts={"scopes": key.scopes})
    return key


@transaction.atomic
def revoke_key(key: ApiKey, *, by: Actor) -> ApiKey:
    """Stop the key at once. Revoking it again changes nothing and is no line in the log."""
    fresh = ApiKey.objects.select_for_update().get(pk=key.pk)
    if fresh.revoked_at is None:
        fresh.revoked_at = timezone.now()
        fresh.save(update_fields=["revoked_at"])
        audit.record("key.revoked", by=by, about=fresh)
    key.revoked_at = fresh.revoked_at
    return key


@transaction.atomic
def reseal_second_factors() -> int:
    """Seal the secrets of second factors with the keyring's primary key. Returns how many it was."""
    done = 0
    for row in Authenticator.objects.select_for_update():
        held = [name for name in SEALED_MFA if name in row.data]
        row.data |= {name: encrypt(decrypt(row.data[name])) for name in held}
        if held:
            row.save(update_fields=["data"])
        done += len(held)
    return done


def _set_password(staff: Staff, password: str) -> None:
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages)) from None
    staff.set_password(password)


def _keep_an_admin(staff: Staff) -> None:
    others = Staff.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).exclude(pk=staff.pk)
    if staff.role == Role.ADMIN and staff.is_active and not list(others):
        raise StateError("This is the last administrator. Make someone else one first.")
