"""The public extractions brought into the directory: what is made, what is changed, what vanishes, what is refused."""

import zipfile
from pathlib import Path

import pytest

from carnet.bench.extractions import ACTIVITY_HEADER, MAILBOXES_HEADER, rpps, write_activity, write_mailboxes
from carnet.domain.directory.imports import Extraction, ImportRefused, NotAnExtraction, import_extraction
from carnet.domain.directory.models import CodeLabel, Mailbox, Practice
from carnet.domain.identity.models import Organization, Professional, Structure
from carnet.sandbox import cast


@pytest.fixture
def take(tmp_path: Path, db: None):
    """``take(header, line, …)``: import an extraction of these lines; values by the names of its columns."""

    def take(header: str, *lines: dict[str, str] | str, force: bool = False):
        names = [name for name in header.split("|") if name]
        text = [header]
        for line in lines:
            text.append(line if isinstance(line, str) else "|".join(line.get(name, "") for name in names) + "|")
        path = tmp_path / "extraction.txt"
        path.write_text("\n".join(text) + "\n", encoding="utf-8-sig")
        return import_extraction(path, report=tmp_path / "rejected", force=force)

    return take


def activity(number: int, **values: str) -> dict[str, str]:
    """A doctor in an establishment of the FINESS."""
    return {
        "Type d'identifiant PP": "8", "Identifiant PP": rpps(number), "Identification nationale PP": f"8{rpps(number)}",
        "Code civilité d'exercice": "DR", "Code civilité": "MME", "Nom d'exercice": f"Nom{number}",
        "Prénom d'exercice": "ANNE-LISE", "Code profession": "10", "Libellé profession": "Médecin",
        "Code catégorie professionnelle": "C", "Code type savoir-faire": "S", "Code savoir-faire": "SM04",
        "Libellé savoir-faire": "Cardiologie", "Code mode exercice": "S", "Numéro FINESS site": "350000014",
        "Numéro FINESS établissement juridique": "350000006", "Identifiant technique de la structure": "F350000014",
        "Raison sociale site": "CH DE L'EXEMPLE", "Numéro Voie (coord. structure)": "12",
        "Libellé type de voie (coord. structure)": "Rue", "Libellé Voie (coord. structure)": "DES LILAS",
        "Code postal (coord. structure)": "35000", "Code commune (coord. structure)": "35238",
        "Libellé commune (coord. structure)": "RENNES", "Code secteur d'activité": "SA01", "Code fonction": "FON-AU",
        **values,
    }  # fmt: skip


def mailbox(address: str, **values: str) -> dict[str, str]:
    """A secretariat of the same establishment."""
    return {
        "Type de BAL": "ORG", "Adresse BAL": address, "Type identifiant structure": "FINESS",
        "Identification Structure": "350000014", "Service de rattachement": "Cardiologie", "Dématérialisation": "true",
        "Raison Sociale structure BAL": "CH DE L'EXEMPLE", "L6LIGNEACHEMINEMENT structure BAL": "35000 RENNES",
        **values,
    }  # fmt: skip


def personal(number: int, address: str, structure: str = "350000014") -> dict[str, str]:
    return {
        "Type de BAL": "PER", "Adresse BAL": address, "Type Identifiant PP": "8", "Identifiant PP": rpps(number),
        "Identification nationale PP": f"8{rpps(number)}", "Type identifiant structure": "FINESS" if structure else "",
        "Identification Structure": structure, "Civilité d'exercice": "DR", "Nom d'exercice": f"Nom{number}",
        "Prénom d'exercice": "ANNE-LISE", "Code Profession": "10",
    }  # fmt: skip


def test_an_activity_makes_a_professional_a_structure_and_a_practice(take):
    outcome = take(ACTIVITY_HEADER, activity(1), activity(1, **{"Code savoir-faire": "SM26"}))
    assert (outcome.extraction, outcome.lines, outcome.bad) == (Extraction.ACTIVITY, 2, 0)
    person = Professional.objects.get(rpps=rpps(1))
    assert (person.title, person.given_name, person.family_name) == ("Dr", "Anne-Lise", "NOM1")
    assert {one["skill"] for one in person.qualifications} == {"SM04", "SM26"}
    structure = Structure.objects.get(id_nat="1350000014")
    assert (structure.name, structure.city, structure.sector) == ("CH DE L'EXEMPLE", "RENNES", "SA01")
    assert structure.address == {"number": "12", "street": "DES LILAS", "street_type": "Rue"}
    assert Structure.objects.get(id_nat="1350000006").legal
    assert Organization.objects.get(finess="350000014").finess_ej == "350000006"
    assert Practice.objects.get().structure_id == "1350000014"
    assert CodeLabel.objects.get(code="SM04").label == "Cardiologie"


def test_a_mailbox_hangs_on_its_structure_or_on_its_professional_and_their_practice(take):
    take(ACTIVITY_HEADER, activity(1))
    outcome = take(
        MAILBOXES_HEADER,
        mailbox("Cardio@CH-exemple.mssante.test"),
        personal(1, "nom1@ch-exemple.mssante.test"),
        personal(2, "nom2@medecin.mssante.test", structure=""),
        mailbox("officine@pharmacie.mssante.test", **{
            "Type identifiant structure": "SIRET", "Identification Structure": "49940088500020",
            "Raison Sociale structure BAL": "PHARMACIE DU MARCHÉ",
        }),
    )  # fmt: skip
    assert (outcome.bad, outcome.untrusted) == (
        0, {"ch-exemple.mssante.test": 2, "medecin.mssante.test": 1, "pharmacie.mssante.test": 1},
    )  # fmt: skip
    shared = Mailbox.objects.get(address="cardio@ch-exemple.mssante.test")
    assert (shared.organization_id, shared.label, shared.paperless) == (
        "350000014",
        "CH DE L'EXEMPLE – Cardiologie",
        True,
    )
    assert (shared.hosted, shared.seen_in) == (False, "mailboxes")
    first = Mailbox.objects.get(address="nom1@ch-exemple.mssante.test")
    assert (first.practice_id, first.label) == (Practice.objects.get().id, "Dr Anne-Lise NOM1")
    second = Mailbox.objects.get(address="nom2@medecin.mssante.test")
    assert (second.practice_id, second.professional.family_name) == (None, "NOM2")
    shop = Mailbox.objects.get(address="officine@pharmacie.mssante.test")
    assert (shop.organization_id, shop.structure.siret) == (None, "49940088500020")


def test_the_activity_that_comes_later_takes_the_mailbox_with_it(take):
    take(MAILBOXES_HEADER, personal(1, "nom1@ch-exemple.mssante.test"))
    assert Mailbox.objects.get().practice_id is None
    take(ACTIVITY_HEADER, activity(1))
    assert Mailbox.objects.get().practice_id == Practice.objects.get().id
    take(ACTIVITY_HEADER, activity(1, **{"Code fonction": "FON-02"}))
    assert Mailbox.objects.get().practice.function == "FON-02"


def test_the_same_extraction_twice_changes_nothing_and_moves_no_date(take):
    lines = [activity(number) for number in range(5)]
    take(ACTIVITY_HEADER, *lines)
    boxes = [personal(number, f"n{number}@medecin.mssante.test") for number in range(5)]
    take(MAILBOXES_HEADER, *boxes)
    before = [list(model.objects.order_by("pk").values()) for model in (Professional, Structure, Practice, Mailbox)]
    again = take(ACTIVITY_HEADER, *lines), take(MAILBOXES_HEADER, *boxes)
    assert [sum(outcome.counts.values()) for outcome in again] == [0, 0]
    after = [list(model.objects.order_by("pk").values()) for model in (Professional, Structure, Practice, Mailbox)]
    assert after == before


def test_what_is_no_longer_named_ends_and_comes_back_when_it_is_named_again(take):
    take(ACTIVITY_HEADER, activity(1), activity(2))
    take(MAILBOXES_HEADER, mailbox("a@x.mssante.test"), mailbox("b@x.mssante.test"))
    outcome = take(ACTIVITY_HEADER, activity(1))
    assert outcome.vanished == {"professionals": 1, "practices": 1, "structures": 0}
    assert not Professional.objects.get(rpps=rpps(2)).active
    take(MAILBOXES_HEADER, mailbox("b@x.mssante.test"))
    assert [box.published for box in Mailbox.objects.order_by("address")] == [False, True]
    take(ACTIVITY_HEADER, activity(2))
    assert Professional.objects.get(rpps=rpps(2)).active
    take(MAILBOXES_HEADER, mailbox("a@x.mssante.test"), mailbox("b@x.mssante.test"))
    assert [box.published for box in Mailbox.objects.order_by("address")] == [True, True]


def test_an_extraction_that_would_end_too_much_is_refused_whole_unless_forced(take, settings):
    settings.CARNET_DIRECTORY_VANISH_PERCENT = 20
    take(MAILBOXES_HEADER, *(mailbox(f"b{number}@x.mssante.test") for number in range(300)))
    some = [mailbox(f"b{number}@x.mssante.test") for number in range(190)]
    with pytest.raises(ImportRefused, match="110 of 300 mailboxes"):
        take(MAILBOXES_HEADER, mailbox("new@x.mssante.test"), *some)
    assert Mailbox.objects.filter(published=True).count() == 300
    take(MAILBOXES_HEADER, *some, force=True)
    assert Mailbox.objects.filter(published=True).count() == 190


def test_bad_lines_are_named_and_left_out_and_the_others_taken(take, tmp_path):
    outcome = take(
        MAILBOXES_HEADER,
        mailbox("good@x.mssante.test"),
        mailbox("no-at-sign"),
        mailbox("other@x.mssante.test", **{"Type de BAL": "XYZ"}),
        mailbox("orphan@x.mssante.test", **{"Identification Structure": ""}),
        "PER|too|short",
        mailbox("good@x.mssante.test", **{"Service de rattachement": "Deux fois"}),
        mailbox("good@x.mssante.test", **{"Identification Structure": "510000002"}),
        mailbox("back\\slash@x.mssante.test", **{"Service de rattachement": "a\\nb\\t\\."}),
    )
    assert (outcome.lines, outcome.bad, outcome.disagreeing) == (8, 5, 1)
    assert sorted(Mailbox.objects.values_list("address", flat=True)) == ["good@x.mssante.test"]
    report = (tmp_path / "rejected").read_text().splitlines()
    assert report[0] == "line|column|reason"
    assert [line.split("|")[:2] for line in report[1:]] == [
        ["3", "address"], ["4", "kind"], ["5", "structure_id"], ["6", ""], ["9", "address"], ["8", "address"],
    ]  # fmt: skip
    assert "no-at-sign" not in "".join(report)


def test_signs_that_the_database_reads_as_its_own_stay_as_they_are(take):
    take(MAILBOXES_HEADER, mailbox("a@x.mssante.test", **{"Service de rattachement": r"a\nb\t\. 'x' \N"}))
    assert Mailbox.objects.get().service == r"a\nb\t\. 'x' \N"


def test_what_is_hosted_here_is_never_written_by_the_public_file(take):
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.orthopaedics()
    address = f"orthopedie@{cast.HOSPITAL_DOMAIN}"
    Mailbox.objects.filter(address=address).update(red_list=True)
    before = Mailbox.objects.values().get(address=address)
    outcome = take(
        MAILBOXES_HEADER, mailbox(address), mailbox(f"phantom@{cast.HOSPITAL_DOMAIN}"), mailbox("a@x.mssante.test")
    )
    assert (outcome.hosted, outcome.disagreeing) == (2, 2)
    assert Mailbox.objects.values().get(address=address) == before
    assert not Mailbox.objects.filter(address__startswith="phantom").exists()
    take(MAILBOXES_HEADER, mailbox("a@x.mssante.test"))
    assert Mailbox.objects.values().get(address=address) == before


def test_a_red_list_survives_the_public_file_and_a_kind_never_changes(take):
    take(MAILBOXES_HEADER, mailbox("a@x.mssante.test"), mailbox("b@x.mssante.test"))
    Mailbox.objects.filter(address="a@x.mssante.test").update(red_list=True)
    outcome = take(MAILBOXES_HEADER, mailbox("a@x.mssante.test"), mailbox("b@x.mssante.test", **{"Type de BAL": "APP"}))
    assert outcome.disagreeing == 1
    boxes = {box.address[0]: box for box in Mailbox.objects.all()}
    assert (boxes["a"].red_list, boxes["b"].kind, boxes["b"].published) == (True, "ORG", False)


def test_who_was_registered_by_hand_is_not_ended_by_an_extraction(take):
    cast.trust_space_of_the_sandbox()
    cast.hospital()
    cast.general_practitioner()
    take(ACTIVITY_HEADER, activity(1))
    assert Professional.objects.get(rpps="99700218912").active
    assert Structure.objects.get(id_nat="1519999015").active


def test_professionals_without_rpps_are_counted_and_not_kept(take):
    adeli = {"Type d'identifiant PP": "0", "Identifiant PP": "012600631", "Identification nationale PP": "0012600631"}
    outcome = take(ACTIVITY_HEADER, activity(1), activity(2, **adeli))
    assert (outcome.other_identifiers, outcome.bad) == (1, 0)
    assert Professional.objects.count() == 1


def test_files_that_are_no_extraction_are_refused_in_words(tmp_path, db):
    def refused(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises((NotAnExtraction, ImportRefused)) as problem:
            import_extraction(path, report=tmp_path / "rejected")
        return str(problem.value)

    assert "no first line" in refused("empty.txt", b"")
    assert "neither" in refused("table.csv", b"a;b;c\n1;2;3\n")
    assert "not UTF-8" in refused("latin.txt", MAILBOXES_HEADER.encode("latin-1") + b"\n")
    assert "none of the 1 lines" in refused("bad.txt", MAILBOXES_HEADER.encode() + b"\nx\n")
    assert "cannot be read" in refused("broken.zip", b"PK\x03\x04" + b"x" * 100)
    assert "no first line" in refused("long.txt", b"x" * 100_000)
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("extraction.txt", MAILBOXES_HEADER + "\n" + " " * 30_000_000)
    with pytest.raises(NotAnExtraction, match="too much"):
        import_extraction(bomb, report=tmp_path / "rejected")
    two = tmp_path / "two.zip"
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.txt", "x")
        archive.writestr("b.txt", "x")
    with pytest.raises(NotAnExtraction, match="2 text files"):
        import_extraction(two, report=tmp_path / "rejected")


def test_too_many_bad_lines_refuse_the_file(take, settings):
    lines = [mailbox(f"b{number}@x.mssante.test") for number in range(1_500)] + ["bad"] * 1_100
    with pytest.raises(ImportRefused, match="1,100 of 2,600"):
        take(MAILBOXES_HEADER, *lines)
    assert not Mailbox.objects.exists()
    assert take(MAILBOXES_HEADER, *lines, force=True).bad == 1_100


def test_generated_extractions_are_taken_whole_and_can_be_found(tmp_path, db):
    from carnet.domain.directory.queries.search import find_mailboxes

    people, boxes = tmp_path / "people.txt", tmp_path / "boxes.zip"
    write_activity(people, 3_000)
    write_mailboxes(tmp_path / "boxes.txt", 3_000)
    with zipfile.ZipFile(boxes, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(tmp_path / "boxes.txt", "Extraction_Correspondance_MSSante_202611220000.txt")
    first = import_extraction(people, report=tmp_path / "a")
    second = import_extraction(boxes, report=tmp_path / "b")
    assert (first.bad, second.bad, second.disagreeing) == (0, 0, 0)
    assert (first.counts["professionals"], first.counts["practices"]) == (2_000, Practice.objects.count())
    assert second.counts["mailboxes"] == Mailbox.objects.count() == 3_000
    assert Mailbox.objects.filter(practice__isnull=False).exists()
    assert [one.address for one in find_mailboxes("martin camille p0.")] == ["p0.martin@op000.mssante.test"]
    assert len(find_mailboxes("service rennes", limit=10)) == 10
    assert find_mailboxes("%") == find_mailboxes("") == []
