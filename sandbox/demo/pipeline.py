"""What a pipeline needs to work on a sandbox: its settings, and a migrated warehouse."""

from pathlib import Path

from sandbox.addresses import SandboxAddresses
from sandbox.files import write_private
from sightscan.publish.signed import sign_models
from sightscan.settings import Settings, read_settings
from sightscan.signature import write_key
from sightscan.signing import SigningKey, read_key_file, write_key_file
from sightscan.warehouse.connection import connect
from sightscan.warehouse.marts.hourly_facts import fill_empty_marts
from sightscan.warehouse.registry.cities import list_cities
from sightscan.warehouse.schema.migrate import migrate


def migrate_warehouse(addresses: SandboxAddresses) -> None:
    """Migrate the warehouse as the owner of its objects, which the pipeline's login is not.

    The state of an earlier demo may hold rows whose facts a migration emptied; they are filled.
    """
    owner = addresses.postgres
    config = read_settings(
        pghost=owner.host,
        pgport=owner.port,
        pgdatabase=addresses.warehouse.database,
        pguser=owner.user,
        pgpassword=owner.password,
    )
    with connect(config) as connection:
        migrate(connection, config.sql_folder)
    with connect(config, autocommit=True) as connection:
        fill_empty_marts(connection)


def sign_older_models(config: Settings) -> None:
    """Sign what an earlier demo left unsigned, as one does who begins to sign: its key is new, too."""
    if config.model_signing_key_file is None:
        return
    key = read_key_file(config.model_signing_key_file)
    with connect(config, autocommit=True) as connection:
        for city in list_cities(connection):
            # As before there are keys that are believed: else what is unsigned has to be named.
            sign_models(connection, city, key, ())


def pipeline_settings(addresses: SandboxAddresses, folder: Path) -> dict[str, str]:
    """Return the settings, by name, that point the pipeline at the stand-ins.

    Files that they name (known_hosts, the registry's snapshot, the key that signs models) are in
    `folder`.
    """
    known_hosts = folder / "known_hosts"
    write_private(known_hosts, "".join(host.pinned_line for host in addresses.instances))
    return {
        **addresses.warehouse.environment,
        # The stand-ins ask for one, as Wikimedia does, and write to nobody.
        "CONTACT": "demo@example.org",
        "REGISTRY_SNAPSHOT": str(folder / "cities.json"),
        "WIKIDATA_SPARQL_URL": addresses.wikidata_sparql_url,
        "WIKIDATA_API_URL": addresses.wikidata_api_url,
        "COMMONS_API_URL": addresses.commons_api_url,
        "OPENVERSE_API_URL": addresses.openverse_api_url,
        "PLACES_API_URL": addresses.places_api_url,
        "GOOGLE_IMAGES_URL": f"{addresses.search_pages_url}/search",
        "BING_IMAGES_URL": f"{addresses.search_pages_url}/images/async",
        "CRAWL_TRUSTED_ORIGINS": ",".join(addresses.trusted_origins),
        # Of its own: other demos may show other photos under the same addresses.
        "CRAWL_SPOOL_FOLDER": str(folder / "spool"),
        "VISION_ENDPOINT": addresses.vision_endpoint,
        "AWS_ENDPOINT_URL": addresses.aws.endpoint_url,
        "AWS_REGION": addresses.aws.region,
        "AWS_ACCESS_KEY_ID": addresses.aws.access_key_id,
        "AWS_ACCESS_KEY": addresses.aws.access_key,
        "MTS_EC2_INSTANCE_ID": ",".join(item.instance_id for item in addresses.instances),
        "MTS_SSH_USER": addresses.instances[0].user,
        "MTS_SSH_KEY_FILE": str(addresses.instances[0].key_file),
        "MTS_SSH_KNOWN_HOSTS": str(known_hosts),
        **signing_settings(folder / "signing-key"),
    }


def signing_settings(key_file: Path) -> dict[str, str]:
    """Return the settings by which models are signed and believed; the pair is made once."""
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True)
        write_key_file(key_file, SigningKey.make())
    return {
        "MODEL_SIGNING_KEY_FILE": str(key_file),
        "MODEL_PUBLIC_KEYS": write_key(read_key_file(key_file).public_key),
    }
