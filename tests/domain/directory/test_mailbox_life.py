"""The life of a mailbox and who may use it, on a real database; who tries is named."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carnet.domain.directory.access import (
    SignInRefusal,
    authenticate_mailbox,
    mailbox_of_certificate,
    mailbox_of_professional,
)
from carnet.domain.directory.commands import (
    MailboxChange,
    MailboxRefused,
    NewMailbox,
    add_certificate,
    announce_closing,
    change_mailbox,
    close_mailbox,
    create_mailbox,
    delegate_mailbox,
    end_absence,
    register_organization,
    register_professional,
    reopen_mailbox,
    resume_mailbox,
    revoke_certificate,
    revoke_delegation,
    set_absence,
    set_password,
    suspend_mailbox,
    trust_domain,
)
from carnet.domain.directory.commands.life import close_due
from carnet.domain.directory.models import Mailbox, MailboxActiveMonth, MailboxDelegate
from carnet.domain.directory.queries import mailboxes_by_address
from carnet.domain.directory.queries.hosted import check_mailboxes, hosted_mailbox_at, hosted_mailboxes
from carnet.domain.directory.queries.traces import traces_of
from carnet.domain.directory.rules import MailboxProblem
from carnet.domain.directory.rules.findings import Finding
from carnet.domain.directory.subjects import Subject
from carnet.domain.directory.values import Domain, MailboxAddress, MailboxKind
from carnet.domain.identity.models import Organization, Professional
from carnet.domain.identity.values import Finess, Rpps
from carnet.foundation.clock import now
from carnet.sandbox import cast

pytestmark = pytest.mark.django_db

GP, SURGEON, NURSE, STRANGER = "99700218912", "99700218920", "99700218938", "99700218946"
ORTHO, DPI = f"orthopedie@{cast.HOSPITAL_DOMAIN}", f"dpi@{cast.HOSPITAL_DOMAIN}"
SUBJECT = "CN=dpi.saint-aubin.mssante.test,O=Centre hospitalier Saint-Aubin,C=FR"
WHO = "operator:test"


def today():
    return timezone.localdate(now())


def day(number):
    return today() + timedelta(days=number)


@pytest.fixture
def hospital():
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    for rpps, name in ((NURSE, "LEROY"), (STRANGER, "INCONNU")):
        register_professional(Rpps(rpps), title="", given_name="Alix", family_name=name, profession="60")
    return cast.orthopaedics()


def new(address, kind=MailboxKind.ORG, **more):
    described = {"description": "Secrétariat de la cardiologie"} if kind is not MailboxKind.PER else {}
    held = {"finess": Finess("519999015")} if kind.belongs_to_structure else {"rpps": Rpps(SURGEON)}
    return NewMailbox(MailboxAddress.parse(address), kind, "Cardiologie", **{**described, **held, **more})


def problems(act, *arguments, **named):
    with pytest.raises(MailboxRefused) as refused:
        act(*arguments, **named)
    return set(refused.value.problems)


def acts(mailbox_id):
    return [one.act for one in traces_of(mailbox_id)]


# --- opening ----------------------------------------------------------------------------------------------------


def test_a_mailbox_is_opened_against_the_directory(hospital):
    address = f"cardio@{cast.HOSPITAL_DOMAIN}"
    assert problems(create_mailbox, new(address, finess=Finess("359999034"))) == {MailboxProblem.ORGANIZATION_UNKNOWN}
    assert problems(create_mailbox, new("cardio@nulle-part.test")) == {MailboxProblem.DOMAIN_NOT_TRUSTED}
    assert problems(create_mailbox, new("cardio@patient.mssante.fr")) == {MailboxProblem.DOMAIN_OF_PATIENTS}
    assert problems(create_mailbox, new(ORTHO)) == {MailboxProblem.ADDRESS_TAKEN}
    personal = new(f"h.vasseur@{cast.HOSPITAL_DOMAIN}", MailboxKind.PER)
    assert problems(create_mailbox, personal) == {MailboxProblem.PROFESSIONAL_UNKNOWN}
    assert Mailbox.objects.count() == 1
    opened = create_mailbox(new(address), WHO)
    assert acts(opened) == ["created"]
    assert next(traces_of(opened)).author == WHO


def test_a_closed_structure_and_a_retired_professional_get_no_mailbox(hospital):
    cast.surgeon()
    Organization.objects.update(active=False)
    Professional.objects.filter(rpps=SURGEON).update(active=False)
    assert problems(create_mailbox, new(f"cardio@{cast.HOSPITAL_DOMAIN}")) == {MailboxProblem.ORGANIZATION_INACTIVE}
    practice = new(f"cabinet@{cast.CITY_DOMAIN}", MailboxKind.CAB)
    assert problems(create_mailbox, practice) == {MailboxProblem.PROFESSIONAL_INACTIVE}


def test_a_box_that_another_operator_held_is_taken_over_when_its_domain_comes_here(hospital):
    cast.clinic()
    held = cast.colleague_elsewhere()
    address = f"cardiologie@{cast.OTHER_OPERATOR_DOMAIN}"
    assert problems(create_mailbox, new(address)) == {MailboxProblem.ADDRESS_TAKEN}
    trust_domain(Domain(cast.OTHER_OPERATOR_DOMAIN), operator="Carnet", hosted=True)
    assert create_mailbox(new(address)) == held
    assert hosted_mailbox_at(address).finess == "519999015"
    assert problems(create_mailbox, new(address)) == {MailboxProblem.ADDRESS_TAKEN}


def test_one_mailbox_of_a_carrier_is_preferred_and_the_others_follow(hospital):
    second = create_mailbox(new(f"cardio@{cast.HOSPITAL_DOMAIN}"))
    third = create_mailbox(new(f"archives@{cast.HOSPITAL_DOMAIN}"))
    change_mailbox(third, MailboxChange(rank=1), WHO)
    ranks = dict(Mailbox.objects.values_list("id", "rank"))
    assert ranks == {third: 1, hospital: 2, second: 3}
    assert problems(change_mailbox, third, MailboxChange(rank=0), WHO) == {MailboxProblem.BAD_RANK}


def test_what_the_directory_tells_may_change_and_must_stay_clear(hospital):
    change = MailboxChange(description="Chirurgie de la hanche et du genou", answer_hours=48, red_list=True)
    change_mailbox(hospital, change, WHO)
    shown = hosted_mailbox_at(ORTHO.upper())
    assert (shown.description, shown.answer_hours, shown.red_list) == (change.description, 48, True)
    assert problems(change_mailbox, hospital, MailboxChange(description="UF 3210"), WHO) == {
        MailboxProblem.DESCRIPTION_UNCLEAR
    }
    assert problems(change_mailbox, hospital, MailboxChange(label=" "), WHO) == {MailboxProblem.LABEL_MISSING}
    change_mailbox(hospital, MailboxChange(answer_hours=0), WHO)
    assert hosted_mailbox_at(ORTHO).answer_hours is None


# --- who may use it ---------------------------------------------------------------------------------------------


def test_a_personal_mailbox_opens_to_its_holder_alone(hospital):
    cast.surgeon()
    address = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
    assert mailbox_of_professional(SURGEON, address).address == address
    assert mailbox_of_professional(SURGEON, f"Helene.Vasseur@{cast.HOSPITAL_DOMAIN}").address == address
    assert mailbox_of_professional(STRANGER, address) is SignInRefusal.NOT_ENTITLED
    mine = mailboxes_by_address([address])[address]
    assert problems(delegate_mailbox, mine.id, Rpps(NURSE), first=today(), last=None, given_by="x") == {
        MailboxProblem.NOT_SHARED
    }
    assert mailbox_of_professional(SURGEON, f"personne@{cast.HOSPITAL_DOMAIN}") is SignInRefusal.UNKNOWN
    assert mailbox_of_professional(SURGEON, "pas une adresse") is SignInRefusal.UNKNOWN
    Professional.objects.filter(rpps=SURGEON).update(active=False)
    assert mailbox_of_professional(SURGEON, address) is SignInRefusal.PROFESSIONAL_INACTIVE


def test_a_team_mailbox_opens_by_name_and_only_within_the_dates(hospital):
    assert mailbox_of_professional(NURSE, ORTHO) is SignInRefusal.NOT_ENTITLED
    delegate_mailbox(hospital, Rpps(NURSE), first=day(1), last=day(3), given_by="Dr Vasseur", by=WHO)
    assert mailbox_of_professional(NURSE, ORTHO) is SignInRefusal.NOT_ENTITLED
    for first, last, opens in ((0, 0, True), (-3, 0, True), (-3, -1, False), (0, None, True)):
        MailboxDelegate.objects.update(from_on=day(first), until_on=None if last is None else day(last))
        assert isinstance(mailbox_of_professional(NURSE, ORTHO), Mailbox) is opens
    assert mailbox_of_professional(STRANGER, ORTHO) is SignInRefusal.NOT_ENTITLED
    assert problems(delegate_mailbox, hospital, Rpps(NURSE), first=today(), last=None, given_by="x") == {
        MailboxProblem.DELEGATED_ALREADY
    }
    revoke_delegation(hospital, Rpps(NURSE), WHO)
    assert mailbox_of_professional(NURSE, ORTHO) is SignInRefusal.NOT_ENTITLED
    assert problems(revoke_delegation, hospital, Rpps(NURSE), WHO) == {MailboxProblem.NOT_DELEGATED}
    assert acts(hospital)[-2:] == ["delegated", "delegation-revoked"]


def test_a_delegation_that_ran_out_is_renewed_and_stays_as_evidence(hospital):
    delegate_mailbox(hospital, Rpps(NURSE), first=day(-9), last=None, given_by="Dr Vasseur")
    MailboxDelegate.objects.update(until_on=day(-2))
    delegate_mailbox(hospital, Rpps(NURSE), first=today(), last=day(9), given_by="Dr Vasseur")
    assert isinstance(mailbox_of_professional(NURSE, ORTHO), Mailbox)
    assert MailboxDelegate.objects.count() == 2
    backwards = problems(delegate_mailbox, hospital, Rpps(STRANGER), first=day(2), last=day(1), given_by="x")
    assert backwards == {MailboxProblem.DATES_REVERSED}
    unknown = problems(delegate_mailbox, hospital, Rpps("99700218953"), first=today(), last=None, given_by="x")
    assert unknown == {MailboxProblem.PROFESSIONAL_UNKNOWN}


def test_software_opens_its_mailbox_with_its_own_certificate(hospital):
    dpi = cast.hospital_software()
    assert problems(add_certificate, hospital, Subject.parse(SUBJECT), written=SUBJECT, by=WHO) == {
        MailboxProblem.NOT_SOFTWARE
    }
    assert mailbox_of_certificate(SUBJECT, DPI) is SignInRefusal.NOT_ENTITLED
    add_certificate(dpi, Subject.parse(SUBJECT), written=SUBJECT, by=WHO)
    reversed_writing = "/C=FR/O=CENTRE HOSPITALIER SAINT-AUBIN/CN=dpi.saint-aubin.mssante.test"
    for subject, address in ((SUBJECT, DPI), (reversed_writing, DPI), (SUBJECT, "")):
        assert mailbox_of_certificate(subject, address).id == dpi
    assert mailbox_of_certificate(SUBJECT, ORTHO) is SignInRefusal.NOT_ENTITLED
    assert mailbox_of_certificate("CN=autre.test,O=Autre,C=FR", "") is SignInRefusal.NOT_ENTITLED
    assert mailbox_of_professional(SURGEON, DPI) is SignInRefusal.NOT_ENTITLED
    second = create_mailbox(new(f"labo@{cast.HOSPITAL_DOMAIN}", MailboxKind.APP))
    add_certificate(second, Subject.parse(SUBJECT), written=SUBJECT, by=WHO)
    assert mailbox_of_certificate(SUBJECT, "") is SignInRefusal.AMBIGUOUS
    revoke_certificate(dpi, Subject.parse(reversed_writing), WHO)
    assert mailbox_of_certificate(SUBJECT, DPI) is SignInRefusal.NOT_ENTITLED


def test_the_last_access_is_noted_once_a_day_and_the_month_once(hospital, django_assert_num_queries):
    authenticate_mailbox(ORTHO, cast.PASSWORD)
    assert Mailbox.objects.get(id=hospital).last_access_on == today()
    assert list(MailboxActiveMonth.objects.values_list("month", "mailbox_id")) == [(today().replace(day=1), hospital)]
    with django_assert_num_queries(1):  # the mailbox itself
        authenticate_mailbox(ORTHO, cast.PASSWORD)
    assert authenticate_mailbox(ORTHO, "faux") is None


def test_a_password_is_set_and_taken_away(hospital):
    set_password(hospital, "Autre-2026!", WHO)
    assert authenticate_mailbox(ORTHO, cast.PASSWORD) is None
    assert authenticate_mailbox(ORTHO, "Autre-2026!").id == hospital
    set_password(hospital, "", WHO)
    assert authenticate_mailbox(ORTHO, "Autre-2026!") is None
    assert authenticate_mailbox(ORTHO, "") is None


# --- suspended and closed ---------------------------------------------------------------------------------------


def test_a_suspended_mailbox_lets_nobody_in_until_it_resumes(hospital):
    delegate_mailbox(hospital, Rpps(NURSE), first=today(), last=None, given_by="Dr Vasseur")
    suspend_mailbox(hospital, WHO)
    assert mailbox_of_professional(NURSE, ORTHO) is SignInRefusal.SUSPENDED
    assert authenticate_mailbox(ORTHO, cast.PASSWORD) is None
    assert problems(suspend_mailbox, hospital, WHO) == {MailboxProblem.NOT_ACTIVE}
    resume_mailbox(hospital, WHO)
    assert isinstance(mailbox_of_professional(NURSE, ORTHO), Mailbox)
    assert authenticate_mailbox(ORTHO, cast.PASSWORD).id == hospital
    assert problems(resume_mailbox, hospital, WHO) == {MailboxProblem.NOT_SUSPENDED}
    assert acts(hospital)[-2:] == ["suspended", "resumed"]


def test_a_closing_is_announced_counts_from_its_day_and_is_undone(hospital, settings):
    settings.CARNET_MAILBOX_CLOSING_NOTICE_DAYS = 10
    assert problems(announce_closing, hospital, day(9), WHO) == {MailboxProblem.NOTICE_TOO_SHORT}
    announce_closing(hospital, day(10), WHO)
    assert authenticate_mailbox(ORTHO, cast.PASSWORD) is not None
    assert close_due() == 0
    Mailbox.objects.update(closes_on=today())
    assert authenticate_mailbox(ORTHO, cast.PASSWORD) is None  # before any job ran
    assert mailboxes_by_address([ORTHO])[ORTHO].closed
    assert close_due() == 1
    assert close_due() == 0
    assert problems(suspend_mailbox, hospital, WHO) == {MailboxProblem.NOT_ACTIVE}
    assert problems(announce_closing, hospital, day(20), WHO) == {MailboxProblem.CLOSED_ALREADY}
    assert problems(close_mailbox, hospital, WHO) == {MailboxProblem.CLOSED_ALREADY}
    reopen_mailbox(hospital, WHO)
    assert authenticate_mailbox(ORTHO, cast.PASSWORD).id == hospital
    assert problems(reopen_mailbox, hospital, WHO) == {MailboxProblem.NOT_CLOSED}
    close_mailbox(hospital, WHO)
    Mailbox.objects.update(emptied_at=now())
    assert problems(reopen_mailbox, hospital, WHO) == {MailboxProblem.EMPTIED}
    assert acts(hospital) == ["created", "closing-announced", "closed", "reopened", "closed"]


def test_the_address_of_a_closed_mailbox_never_goes_to_another(hospital):
    close_mailbox(hospital, WHO)
    assert problems(create_mailbox, new(ORTHO)) == {MailboxProblem.ADDRESS_TAKEN}


def test_a_mailbox_elsewhere_is_not_ours_to_suspend(hospital):
    cast.clinic()
    elsewhere = cast.colleague_elsewhere()
    for act in (suspend_mailbox, close_mailbox, end_absence):
        assert problems(act, elsewhere, WHO) == {MailboxProblem.NOT_HOSTED}


def test_an_absence_has_dates_and_a_text(hospital):
    assert problems(set_absence, hospital, day(2), day(1), "x", WHO) == {MailboxProblem.DATES_REVERSED}
    assert problems(set_absence, hospital, day(-2), day(-1), "x", WHO) == {MailboxProblem.DATES_PAST}
    assert problems(set_absence, hospital, day(0), day(1), "  ", WHO) == {MailboxProblem.TEXT_MISSING}
    assert problems(set_absence, hospital, day(0), day(1), "x" * 2001, WHO) == {MailboxProblem.TEXT_TOO_LONG}
    set_absence(hospital, day(1), day(5), "Absents jusqu'au retour.", WHO)
    assert not mailboxes_by_address([ORTHO])[ORTHO].absent
    set_absence(hospital, day(0), day(0), "Absents aujourd'hui.", WHO)
    assert mailboxes_by_address([ORTHO])[ORTHO].absent
    end_absence(hospital, WHO)
    assert not mailboxes_by_address([ORTHO])[ORTHO].absent


# --- what is looked at ------------------------------------------------------------------------------------------


def found():
    return {one.mailbox.address: set(one.findings) for one in check_mailboxes()}


def test_the_check_names_what_is_to_be_looked_at(hospital, settings):
    cast.surgeon()
    delegate_mailbox(hospital, Rpps(NURSE), first=today(), last=None, given_by="Dr Vasseur")
    assert found() == {}
    register_organization(Finess("519999007"), name="Groupe hospitalier", finess_ej="519999007")
    bare = NewMailbox(
        MailboxAddress(f"bal2@{cast.HOSPITAL_DOMAIN}"), MailboxKind.ORG, "BAL 2", finess=Finess("519999007"),
        description="Accueil de la maternité", red_list=True,
    )  # fmt: skip
    create_mailbox(bare)
    Mailbox.objects.filter(address=f"bal2@{cast.HOSPITAL_DOMAIN}").update(description="UF 3210")
    assert found() == {
        f"bal2@{cast.HOSPITAL_DOMAIN}": {
            Finding.NO_GEOGRAPHIC_FINESS,
            Finding.UNCLEAR_DESCRIPTION,
            Finding.NO_SERVICE,
            Finding.NO_RESPONSIBLE,
            Finding.RED_LIST_SHARED,
            Finding.NOBODY_CAN_OPEN,
        }
    }
    Mailbox.objects.filter(address=f"bal2@{cast.HOSPITAL_DOMAIN}").delete()
    settings.CARNET_MAILBOX_DORMANT_DAYS = 100
    Mailbox.objects.filter(id=hospital).update(last_access_on=day(-101), closes_on=day(12))
    personal = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
    Mailbox.objects.filter(address=personal).update(created_at=now() - timedelta(days=101))
    Professional.objects.filter(rpps__in=[SURGEON, NURSE]).update(active=False)
    assert found() == {
        ORTHO: {Finding.DORMANT, Finding.CLOSES_SOON, Finding.DELEGATE_INACTIVE},
        personal: {Finding.NEVER_USED, Finding.PROFESSIONAL_INACTIVE},
    }


def test_the_preferred_box_on_the_red_list_is_odd_only_beside_a_published_one(hospital):
    cast.surgeon()
    personal = f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"
    Mailbox.objects.filter(address=personal).update(red_list=True)
    assert found() == {}
    create_mailbox(new(f"vasseur@{cast.CITY_DOMAIN}", MailboxKind.PER, password=cast.PASSWORD))
    assert found() == {personal: {Finding.RED_LIST_PREFERRED}}


def test_the_list_is_paged_and_filtered(hospital):
    cast.hospital_software()
    cast.surgeon()
    suspend_mailbox(hospital, WHO)
    assert [one.address for one in hosted_mailboxes(kind="ORG")] == [ORTHO]
    assert [one.address for one in hosted_mailboxes(state="suspended")] == [ORTHO]
    assert [one.address for one in hosted_mailboxes(text="VASSEUR")] == [f"helene.vasseur@{cast.HOSPITAL_DOMAIN}"]
    first = hosted_mailboxes(limit=2)
    assert [one.address for one in hosted_mailboxes(after=first[-1].address)] == [ORTHO]
