"""Extractions of the Annuaire Santé with invented people, of any size: the same ones for the same numbers."""

import random
from collections.abc import Iterator
from pathlib import Path

ACTIVITY_HEADER = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Code civilité d'exercice|"
    "Libellé civilité exercice|Code civilité|Libellé civilité|Nom d'exercice|Prénom d'exercice|Code profession|"
    "Libellé profession|Code catégorie professionnelle|Libellé catégorie professionnelle|Code type savoir-faire|"
    "Libellé type savoir-faire|Code savoir-faire|Libellé savoir-faire|Code mode exercice|Libellé mode exercice|"
    "Numéro SIRET site|Numéro SIREN site|Numéro FINESS site|Numéro FINESS établissement juridique|"
    "Identifiant technique de la structure|Raison sociale site|Enseigne commerciale site|"
    "Complément destinataire (coord. structure)|Complément point géographique (coord. structure)|"
    "Numéro Voie (coord. structure)|Indice répétition voie (coord. structure)|Code type de voie (coord. structure)|"
    "Libellé type de voie (coord. structure)|Libellé Voie (coord. structure)|Mention distribution (coord. structure)|"
    "Bureau cedex (coord. structure)|Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Libellé pays (coord. structure)|"
    "Téléphone (coord. structure)|Téléphone 2 (coord. structure)|Télécopie (coord. structure)|"
    "Adresse e-mail (coord. structure)|Code département (coord. structure)|Libellé département (coord. structure)|"
    "Ancien identifiant de la structure|Autorité d'enregistrement|Code secteur d'activité|Libellé secteur d'activité|"
    "Code section tableau pharmaciens|Libellé section tableau pharmaciens|Code fonction|Libellé fonction|"
    "Code genre d'activité|Libellé genre d'activité|"
)
MAILBOXES_HEADER = (
    "Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|Identification nationale PP|Type identifiant structure|"
    "Identification Structure|Service de rattachement|Civilité d'exercice|Nom d'exercice|Prénom d'exercice|"
    "Catégorie profession|Libellé de catégorie profession|Code Profession|Libellé Profession|Code savoir-faire|"
    "Libellé savoir-faire|Dématérialisation|Raison Sociale structure BAL|Enseigne commerciale structure BAL|"
    "L2COMPLEMENTLOCALISATION structure BAL|L3COMPLEMENTDISTRIBUTION structure BAL|L4NUMEROVOIE structure BAL|"
    "L4COMPLEMENTNUMEROVOIE structure BAL|NL4TYPEVOIE structure BAL|L4LIBELLEVOIE structure BAL|"
    "L5LIEUDITMENTION structure BAL|L6LIGNEACHEMINEMENT structure BAL|Code postal structure BAL|"
    "Département structure BAL|Pays structure BAL|"
)

_FAMILIES = tuple(
    a + b
    for a in ("Mar", "Ber", "Dela", "Gau", "Le", "Rou", "Vas", "Kerm", "Chau", "Pré", "Fon", "Sau")
    for b in ("tin", "nard", "cour", "thier", "goff", "ssel", "seur", "adec", "vin", "vost", "taine", "vage", "lon")
)
_GIVEN = (
    "CAMILLE", "JEAN-MARIE", "HÉLÈNE", "PAUL", "ANNE", "LOÏC", "NADIA", "YANN", "SOPHIE", "MEHDI", "ÉLODIE", "MARC",
    "INÈS", "THOMAS", "CLAIRE", "HUGO", "LÉA", "ANTOINE", "FRANÇOISE", "BRUNO",
)  # fmt: skip
_PROFESSIONS = (
    ("10", "Médecin"), ("60", "Infirmier"), ("70", "Masseur-Kinésithérapeute"), ("21", "Pharmacien"),
    ("40", "Chirurgien-Dentiste"), ("50", "Sage-Femme"),
)  # fmt: skip
_SKILLS = (
    ("SM54", "Médecine générale"), ("SM04", "Cardiologie et maladies vasculaires"), ("SM26", "Qualifié en MG"),
    ("SM53", "Spécialiste en Médecine Générale"),
)  # fmt: skip
_PLACES = (
    ("51100", "51454", "REIMS"), ("35000", "35238", "RENNES"), ("75014", "75114", "PARIS"), ("29200", "29019", "BREST"),
    ("20000", "2A004", "AJACCIO"), ("69003", "69383", "LYON"),
)  # fmt: skip
_STREETS = (("R", "Rue", "DES LILAS"), ("AV", "Avenue", "DE LA GARE"), ("PL", "Place", "DU MARCHÉ"))
_DOMAINS = tuple(f"op{number:03}.mssante.test" for number in range(300))
_SHARED_DOMAINS = ("medecin.mssante.test", "infirmier.mssante.test", "pro.mssante.test")


def write_activity(path: Path, lines: int, *, seed: int = 1) -> None:
    """An extraction of activities of so many lines, two in three of professionals already named above."""
    _write(path, ACTIVITY_HEADER, _activities(lines, seed))


def write_mailboxes(path: Path, lines: int) -> None:
    """An extraction of so many mailboxes; their people and structures are those of ``write_activity``."""
    _write(path, MAILBOXES_HEADER, _mailboxes(lines))


def rpps(number: int) -> str:
    """The RPPS of the professional of this number, its last digit the Luhn key; all begin with 99, as tests do."""
    digits = f"99{number:08}"
    total = sum(sum(divmod(int(digit) * (1 + (rank % 2 == 0)), 10)) for rank, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _write(path: Path, header: str, lines: Iterator[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(header + "\n")
        file.writelines(f"{line}|\n" for line in lines)


def _structure(number: int) -> dict[str, str]:
    """Three in ten are of the FINESS, the others are named by a SIRET."""
    postal_code, insee, city = _PLACES[number % len(_PLACES)]
    code, kind, street = _STREETS[number % len(_STREETS)]
    of_finess = number % 10 < 3
    siret = f"{number % 1_000_000_000:09}{number % 100_000:05}"
    finess = f"{insee[:2] if insee[:2].isdigit() else '20'}{number % 10_000_000:07}"
    return {
        "siret": siret, "siren": siret[:9], "finess": finess if of_finess else "",
        "finess_ej": f"{finess[:2]}{(number // 20) % 10_000_000:07}" if of_finess else "",
        "technical": f"F{finess}" if of_finess else f"C{siret}", "old": f"1{finess}" if of_finess else f"3{siret}",
        "name": f"{'CENTRE DE SANTÉ' if of_finess else 'CABINET'} {_FAMILIES[number % 156].upper()} {number}",
        "trade": f"MAISON {number % 977}", "number": str(1 + number % 190), "type_code": code, "type": kind,
        "street": street, "postal_code": postal_code, "insee": insee, "city": city, "department": insee[:2],
        "sector": "SA05" if of_finess else "SA07",
        "sector_label": "Centre de santé" if of_finess else "Cabinet individuel",
    }  # fmt: skip


def _person(number: int) -> tuple[str, str, str, tuple[str, str]]:
    """RPPS, family name, given name, profession."""
    family = _FAMILIES[number % len(_FAMILIES)].upper()
    if number % 3 == 0:
        family = f"{family}-{_FAMILIES[number // 156 % len(_FAMILIES)].upper()}"
    return rpps(number), family, _GIVEN[number % len(_GIVEN)], _PROFESSIONS[number % len(_PROFESSIONS)]


def _activities(lines: int, seed: int) -> Iterator[str]:
    chance = random.Random(seed)  # noqa: S311 - invented people
    people = max(1, lines * 2 // 3)
    structures = max(1, lines // 4)
    for number in range(lines):
        who = number if number < people else chance.randrange(people)
        identifier, family, given, (profession, profession_label) = _person(who)
        place = _structure(who % structures if number < people else chance.randrange(structures))
        skill, skill_label = _SKILLS[who % len(_SKILLS)] if profession == "10" else ("", "")
        liberal = who % 2 == 0
        yield "|".join((
            "8", identifier, f"8{identifier}", "DR" if profession == "10" else "",
            "Docteur" if profession == "10" else "",
            "MME" if who % 2 else "M", "Madame" if who % 2 else "Monsieur", family, given, profession, profession_label,
            "C", "Civil", "S" if skill else "", "Spécialité ordinale" if skill else "", skill, skill_label,
            "L" if liberal else "S", "Libéral" if liberal else "Salarié", place["siret"], place["siren"],
            place["finess"], place["finess_ej"], place["technical"], place["name"], place["trade"], "", "",
            place["number"], "", place["type_code"], place["type"], place["street"], "",
            f"{place['postal_code']} {place['city']}", place["postal_code"], place["insee"], place["city"], "99000",
            "France", "0300000000", "", "", "", place["department"], "", place["old"], "CNOM/CNOM/CNOM",
            place["sector"], place["sector_label"], "", "", "FON-AU", "Autre fonction", "GENR01", "Activité standard",
        ))  # fmt: skip


def _mailboxes(lines: int) -> Iterator[str]:
    for number in range(lines):
        identifier, family, given, (profession, profession_label) = _person(number)
        place = _structure(number % max(1, lines // 4))
        organization = number % 4 == 3
        kind = ("APP" if number % 16 == 3 else "ORG") if organization else ("CAB" if number % 40 == 1 else "PER")
        if organization:
            address = f"{'envoi' if kind == 'APP' else 'secretariat'}.{number}@{_DOMAINS[number % len(_DOMAINS)]}"
        else:
            domain = _SHARED_DOMAINS[number % 3] if number % 2 else _DOMAINS[number % len(_DOMAINS)]
            address = f"p{number}.{_FAMILIES[number % len(_FAMILIES)].lower()}@{domain}".replace("é", "e")
        placed = organization or number % 2 == 0
        yield "|".join((
            kind, address, "" if organization else "8", "" if organization else identifier,
            "" if organization else f"8{identifier}", ("FINESS" if place["finess"] else "SIRET") if placed else "",
            (place["finess"] or place["siret"]) if placed else "", f"Service {number % 30}" if organization else "",
            "" if organization else "DR", "" if organization else family, "" if organization else given,
            "" if organization else "C", "" if organization else "Civil", "" if organization else profession,
            "" if organization else profession_label, "", "", "true" if number % 5 else "false",
            *((place["name"], place["trade"], "", "", place["number"], "", place["type_code"], place["street"], "",
               f"{place['postal_code']} {place['city']}", place["postal_code"], place["department"], "FRANCE")
              if placed else ("",) * 13),
        ))  # fmt: skip
