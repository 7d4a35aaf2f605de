from django.apps import apps

FLOORS = (
    {"foundation"},
    {"nomenclature"},
    {"identity"},
    {"directory", "audit", "notifications"},
    {"spaces"},
    {"record", "profile"},
    {"messaging"},
    {"pathways"},
    {"indicators"},
)
"""The floors of the domain from the ground (docs/architecture.md)."""


def floor(app_label):
    return next(number for number, rooms in enumerate(FLOORS) if app_label in rooms)


def relations():
    for model in apps.get_models():
        if model.__module__.startswith("carnet."):
            for field in [*model._meta.fields, *model._meta.many_to_many]:
                if field.is_relation:
                    yield model, field


def upwards(pairs):
    return {
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model, field in pairs
        if field.related_model._meta.app_config.name.startswith("carnet.")
        and field.related_model._meta.app_label != model._meta.app_label
        and floor(field.related_model._meta.app_label) >= floor(model._meta.app_label)
    }


def test_no_room_points_at_a_room_above_or_beside_it():
    found = list(relations())
    assert len(found) >= 5
    assert not upwards(found)


def test_every_room_has_its_floor():
    rooms = {
        config.name.rpartition(".")[2] for config in apps.get_app_configs() if config.name.startswith("carnet.domain.")
    }
    assert rooms == set().union(*FLOORS) - {"foundation"}


def test_a_relation_upwards_would_be_found():
    mailbox, space = apps.get_model("directory", "Mailbox"), apps.get_model("spaces", "HealthSpace")

    class Upwards:
        name = "space"
        related_model = space

    assert upwards([(mailbox, Upwards)]) == {"directory.Mailbox.space -> spaces.HealthSpace"}
