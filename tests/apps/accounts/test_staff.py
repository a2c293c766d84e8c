"""Staff: made by an administrator, named by pseudonym, never without an administrator."""

from __future__ import annotations

import io

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import AnonymousUser
from django.core.management import CommandError, call_command
from django.utils.functional import SimpleLazyObject

from staydown.apps.accounts import access, actions
from staydown.apps.accounts.models import Role, Staff
from staydown.apps.audit import querysets as log
from staydown.apps.vault import keyring
from staydown.core.sealing import Keyring
from staydown.errors import ConflictError, DeniedError, InvalidError, StateError
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db


def test_the_log_knows_them_by_pseudonym_and_never_by_the_name_they_sign_in_with(system):
    staff = actions.create_staff("bea.moreau", password=PASSWORD, role=Role.MODERATOR, pseudonym="Heron", by=system)
    actor = access.staff_actor(staff)
    assert (actor.kind, actor.id, actor.label) == ("staff", str(staff.public_id), "Heron")
    (line,) = log.history(staff)
    assert (line.verb, line.facts) == ("staff.created", {"role": "moderator"})
    assert "bea.m" not in repr(staff) + str(actor) + str(line.facts)


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"password": "short"}, InvalidError),
        ({"password": "password12345"}, InvalidError),
        ({"password": "heron-bea-heron", "username": "heron-bea-heron"}, InvalidError),
        ({"role": "owner"}, InvalidError),
        ({"username": " "}, InvalidError),
        ({"pseudonym": ""}, InvalidError),
        ({"username": "uli"}, ConflictError),
        ({"pseudonym": "uli-at-work"}, ConflictError),
    ],
)
def test_what_makes_no_sense_is_refused_and_makes_nothing(system, uli, wrong, error):
    given = {"username": "bea", "password": PASSWORD, "role": "moderator", "pseudonym": "Heron", **wrong}
    with pytest.raises(error) as raised:
        actions.create_staff(given.pop("username"), **given, by=system)
    assert PASSWORD not in str(raised.value)
    assert list(Staff.objects.all()) == [uli]
    assert log.frontier().size == 0


def test_roles_are_held_apart(bea, cem, uli, ada):
    assert access.require_role(bea, Role.MODERATOR, Role.LEAD) == bea
    assert access.require_role(SimpleLazyObject(lambda: cem), "lead") == cem
    for user, role in ((bea, "lead"), (cem, "moderator"), (uli, "moderator"), (ada, "moderator"), (bea, "admin")):
        with pytest.raises(DeniedError):
            access.require_role(user, role)


def test_a_stranger_and_a_deactivated_one_are_nobody(bea, system):
    actions.deactivate_staff(bea, by=system)
    for user in (bea, AnonymousUser(), None, object()):
        with pytest.raises(DeniedError):
            access.staff_actor(user)


def test_the_last_administrator_stays(ada, bea, system):
    with pytest.raises(StateError):
        actions.deactivate_staff(ada, by=system)
    with pytest.raises(StateError):
        actions.change_role(ada, role=Role.LEAD, by=system)
    actions.change_role(bea, role=Role.ADMIN, by=system)
    actions.deactivate_staff(ada, by=system)
    assert Staff.objects.get(role=Role.ADMIN, is_active=True) == bea
    assert [line.verb for line in log.history(bea)] == ["staff.role_changed"]


def test_an_unknown_role_is_refused(bea, system):
    with pytest.raises(InvalidError):
        actions.change_role(bea, role="owner", by=system)


def test_a_reset_gives_a_new_password_and_takes_second_factors_off(bea, system):
    TOTP.activate(bea, "JBSWY3DPEHPK3PXP")
    password = actions.reset_sign_in(bea, by=system)
    bea.refresh_from_db()
    assert bea.check_password(password)
    assert not bea.check_password(PASSWORD)
    assert not Authenticator.objects.filter(user=bea).exists()
    (line,) = log.history(bea)
    assert (line.verb, line.facts) == ("staff.sign_in_reset", {"factors_removed": 1})


def test_second_factor_secrets_are_sealed_and_move_to_a_new_key(bea, settings, tmp_path):
    settings.STAYDOWN_KEYRING_FILE = tmp_path / "keyring"
    keyring.keep(Keyring.new(), settings.STAYDOWN_KEYRING_FILE)
    TOTP.activate(bea, "JBSWY3DPEHPK3PXP")
    before = Authenticator.objects.get().data["secret"]
    assert "JBSWY3DPEHPK3PXP" not in before
    keyring.keep(keyring.current().rotate(), settings.STAYDOWN_KEYRING_FILE)
    assert actions.reseal_second_factors() == 1
    assert Authenticator.objects.get().data["secret"] != before
    keyring.keep(keyring.current().without_old_keys(), settings.STAYDOWN_KEYRING_FILE)
    assert actions.decrypt(Authenticator.objects.get().data["secret"]) == "JBSWY3DPEHPK3PXP"


def test_made_up_passwords_are_strong_and_differ():
    made = {actions.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(each) == 23 for each in made)


def test_an_administrator_who_lost_everything_gets_in_again_from_the_machine(ada):
    out = io.StringIO()
    call_command("reset_sign_in", "ada", stdout=out)
    ada.refresh_from_db()
    assert ada.check_password(out.getvalue().strip())
    assert [line.actor_kind for line in log.history(ada)] == ["system"]
    with pytest.raises(CommandError):
        call_command("reset_sign_in", "nobody")


def test_nobody_gives_themselves_another_role(ada, system):
    actions.create_staff("eva", password=actions.new_password(), role=Role.ADMIN, pseudonym="eva", by=system)
    with pytest.raises(DeniedError):
        actions.change_role(ada, role=Role.PROTECTION, by=access.staff_actor(ada))
    assert Staff.objects.get(pk=ada.pk).role == Role.ADMIN
