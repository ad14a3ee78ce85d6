"""`sightscan model`: two models side by side, which one the app offers, and who signed it."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sightscan.cli.declare import AsJson, CityArgument, argument, command, group, option
from sightscan.cli.environment import open_city, open_warehouse
from sightscan.cli.output import print_json, print_lines, print_table, visible
from sightscan.surroundings import login_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sightscan.publish.signed import Signing

REFUSED = 1

commands = group(
    "model",
    "Models: compare two, publish one, put an earlier one back in place, show one's card, sign.",
)

Version = Annotated[int, argument("VERSION", "A version of the city's model.")]
EarlierVersion = Annotated[
    int | None,
    option("The version of a model that was published once (the one before).", metavar="N"),
]


@command(commands, "compare")
def compare(
    city: CityArgument,
    first: Annotated[int, argument("A", "A version, such as the one in place.")],
    second: Annotated[int, argument("B", "The version beside it; its test photos are used.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Run two models over the same test photos: each sight, and the photos that changed.

    Both are run over the frozen test photos of B, as when B was judged. A sight that one of them
    does not show has a dash. A photo has changed if the two name other sights on it.

    Changes: nothing.

    Examples:
        sightscan model compare lisbon 3 4
        sightscan model compare lisbon 3 4 --json
    """
    from sightscan.publish.compare import compare_models

    with open_city(city) as (config, connection, known):
        found = compare_models(connection, known, first, second, public_keys=config.public_keys)
    if as_json:
        print_json(asdict(found))
        return
    print_table(
        ("sight", "test photos", f"AP of {first}", f"AP of {second}", "difference"),
        [
            (
                one.name,
                one.photo_count,
                one.first,
                one.second,
                None if one.first is None or one.second is None else one.second - one.first,
            )
            for one in found.sights
        ],
        title=f"{known.name}: models {first} and {second} on {found.photo_count} test photos",
    )
    print_lines("")
    print_table(
        ("photo", "shows", f"{first} says", f"{second} says"),
        [
            (one.sha256[:12], *(", ".join(names) for names in (one.truth, one.first, one.second)))
            for one in found.changed
        ],
        title=f"{len(found.changed)} of them changed",
    )


@command(
    commands,
    "publish",
    statuses={REFUSED: "the model was refused, or is not in place: the sentence says why"},
)
def publish(
    city: CityArgument,
    version: Version,
    *,
    accept_lost: Annotated[
        str | None, option("Why sights may be lost, for those who read it later.", metavar="WHY")
    ] = None,
    reason: Annotated[
        str | None, option("Why a model that was rolled back comes back.", metavar="WHY")
    ] = None,
) -> None:
    """Judge a model that was never judged, accept that it loses sights, or bring one back.

    A model that was registered is judged as in a run, and put in place if it is good enough. One
    that was refused for a sight that it would lose is judged again with --accept-lost; every other
    rule holds. One that was rolled back is put in place again with --reason, unjudged; without it, the
    command says which is in place. Of one whose judgement stands, only what was left undone is done: a
    live variant is judged whose signature was mended since, and a card is written that was lost.

    Changes: the model's row in core.model, that of its live variant in core.model_variant, its card
    in core.model_file, and one more row of core.publication if it is put in place, with your login
    and your words.

    Examples:
        sightscan model publish lisbon 4
        sightscan model publish lisbon 4 --accept-lost "the kiosk was torn down"
        sightscan model publish lisbon 3 --reason "it was the camera, not the model"
    """
    from sightscan.publish.publish import publish_model, put_back, say_not_in_place

    if accept_lost is not None and reason is not None:
        msg = "--accept-lost and --reason exclude each other; give one of them"
        raise typer.BadParameter(msg)
    for name, value in (("--accept-lost", accept_lost), ("--reason", reason)):
        if value is not None and not value.strip():
            msg = f"{name} is empty; say why"
            raise typer.BadParameter(msg)
    with open_city(city) as (config, connection, known):
        if reason is not None:
            put_back(
                connection,
                known,
                version,
                by=login_name(),
                reason=reason,
                public_keys=config.public_keys,
            )
            print_lines(f"{known.slug}: model {version} is in place")
            return
        decision = publish_model(
            connection, config, known, version, published_by=login_name(), accepted_loss=accept_lost
        )
        absence = say_not_in_place(connection, known, version) if decision.published else None
    if absence is not None:
        print_lines(f"{known.slug}: {absence}")
        raise typer.Exit(REFUSED)
    verdict = "published" if decision.published else "refused"
    print_lines(f"{known.slug}: model {version} is {verdict}: {decision.reason}")
    if not decision.published:
        raise typer.Exit(REFUSED)


@command(commands, "rollback")
def roll_back(
    city: CityArgument,
    *,
    reason: Annotated[str, option("Why, for those who read it later.")],
    to: EarlierVersion = None,
) -> None:
    """Put an earlier published model back in place, at once.

    The app offers it within CATALOGUE_REFRESH_SECONDS, and the next training starts from it
    (docs/runbooks/rollback.md). All that was put in place after it is marked as rolled back, and no
    rollback leads there again; `sightscan model publish` brings one back.

    Changes: one more row of core.publication, with your login and reason, which later rows of it
    get as their mark; nothing is deleted.

    Examples:
        sightscan model rollback lisbon --reason "Belem Tower is not seen at night"
        sightscan model rollback lisbon --to 3 --reason "the last one that saw it"
    """
    from sightscan.publish.publish import rollback
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse() as (config, connection):
        known = find_city(connection, city)
        version = rollback(
            connection,
            known,
            by=login_name(),
            reason=reason,
            to_version=to,
            public_keys=config.public_keys,
        )
    print_lines(f"{known.slug}: model {version} is in place")


@command(commands, "card")
def show_card(
    city: CityArgument,
    version: Annotated[
        int | None, argument("[VERSION]", "A version of the city's model; else the one in place.")
    ] = None,
    *,
    into: Annotated[
        Path | None, option("Folder for card.md and its drawings (printed).", metavar="FOLDER")
    ] = None,
) -> None:
    """Write the card of a model: what it was made of, how good it is, what it cost, who published it.

    As of now, from the warehouse; the one of the day when it was judged is among its files
    (core.model_file). Staff see the same as a page of Airflow, with the ten best and the ten worst
    test photos.

    Changes: nothing; with --into, files in that folder.

    Examples:
        sightscan model card lisbon
        sightscan model card lisbon 3 --into cards/lisbon-3
    """
    from sightscan.errors import LastingPublicationError
    from sightscan.publish.card.card import make_card
    from sightscan.publish.card.markdown import write_markdown
    from sightscan.publish.card.store import card_files
    from sightscan.warehouse.models.models import find_model_in_place

    with open_city(city) as (_, connection, known):
        if version is None:
            in_place = find_model_in_place(connection, known.city_id)
            if in_place is None:
                msg = f"{known.slug} has no model in place; name a version"
                raise LastingPublicationError(msg)
            version = in_place.version
        card = make_card(connection, known.city_id, version)
    if into is None:
        print_lines(write_markdown(card, ()).rstrip())
        return
    files = card_files(card)
    into.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (into / name).write_bytes(content)
    print_lines(f"{known.slug}: {', '.join(files)} in {into}")


@command(commands, "keygen")
def make_key(
    file: Annotated[Path, argument("FILE", "Where the private key is to lie; it must not exist.")],
) -> None:
    """Make the pair of keys by which models are signed and believed.

    The private key is a line of base64 in FILE, which only you may read. Whoever has it can sign any
    file as a model of yours; it belongs into a secrets backend of Airflow, and nowhere else. The
    public key is no secret (docs/runbooks/signing-key.md).

    Changes: writes FILE.

    Examples:
        sightscan model keygen signing-key
    """
    from sightscan.signature import write_key
    from sightscan.signing import SigningKey, write_key_file

    key = SigningKey.make()
    write_key_file(file, key)
    print_lines(
        f"private key   in {file}: as the password of Airflow's connection sightscan_model_signing,",
        "              or MODEL_SIGNING_KEY_FILE names the file",
        f"public key    {write_key(key.public_key)}: into MODEL_PUBLIC_KEYS of the app and the pipeline,",
        "              once the models in place are signed: sightscan model sign CITY",
    )


@command(
    commands,
    "sign",
    statuses={REFUSED: "models were refused, and all others are signed: the last lines say why"},
)
def sign(
    city: CityArgument,
    version: Annotated[
        int | None, argument("[VERSION]", "A version, if its file is not signed rightly; else all.")
    ] = None,
    *,
    sha256: Annotated[
        list[str] | None,
        option(
            "SHA-256 of a file of it that you know to be ours; again for its live variant.",
            metavar="HEX",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Sign models that were registered without a key, or by one that is to go.

    The key is that of MODEL_SIGNING_KEY_FILE. As long as MODEL_PUBLIC_KEYS is empty, you vouch for the
    files as they lie in the warehouse: nothing else says that they are what was trained. Once it is
    set, what is signed rightly by one of its keys is signed anew; a file that is not signed, or
    wrongly, only if you name the version and the file's SHA-256, as the log of register_model or a
    backup has it. All others are signed; those that are refused are named in the end, with status 1.

    Changes: the signature in the models' rows of core.model, and of their live variants in
    core.model_variant.

    Examples:
        sightscan model sign lisbon
        sightscan model sign lisbon 3 --sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    """
    from sightscan.errors import SettingsError
    from sightscan.publish.signed import NotAllSignedError, sign_models
    from sightscan.signing import read_key_file, require_trusted

    known_hashes = [one.strip().lower() for one in sha256 or ()]
    unreadable = [one for one in known_hashes if not re.fullmatch("[0-9a-f]{64}", one)]
    if unreadable:
        msg = f"--sha256 {unreadable[0]} is no SHA-256; expected 64 characters 0-9 and a-f"
        raise typer.BadParameter(msg)
    if known_hashes and version is None:
        msg = "--sha256 is of the files of one version; name it"
        raise typer.BadParameter(msg)
    with open_city(city) as (config, connection, known):
        if config.model_signing_key_file is None:
            msg = (
                "MODEL_SIGNING_KEY_FILE is empty: expected the file of a private key; make one with: "
                "sightscan model keygen FILE"
            )
            raise SettingsError(msg)
        key = read_key_file(config.model_signing_key_file)
        require_trusted(key, config.public_keys)
        try:
            done = sign_models(
                connection, known, key, config.public_keys, version, sha256s=known_hashes
            )
        except NotAllSignedError as error:
            _print_signed(known.name, error.done, as_json=as_json)
            for refusal in error.refusals:
                typer.echo(visible(refusal), err=True)
            raise typer.Exit(REFUSED) from error
    _print_signed(known.name, done, as_json=as_json)


def _print_signed(name: str, done: "Sequence[Signing]", *, as_json: bool) -> None:
    if as_json:
        print_json([asdict(one) for one in done])
        return
    print_table(
        ("model", "signature", "SHA-256 of its file"),
        [(one.version, one.done, one.onnx_sha256) for one in done],
        title=f"{name}: {len(done)} model{'' if len(done) == 1 else 's'}",
    )
