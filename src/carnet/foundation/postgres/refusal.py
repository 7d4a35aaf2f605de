"""The one error of the launcher."""


class PostgresRefused(Exception):
    """PostgreSQL cannot be run on this data folder; the message is a sentence for a person, with the ways out.

    It holds paths, process numbers and versions, never anything stored in the database.
    """


OTHER_SERVER = "name a PostgreSQL server of your own (15 or newer) in CARNET_DATABASE_URL"
OTHER_FOLDER = "choose another folder with CARNET_DATA_DIR"
