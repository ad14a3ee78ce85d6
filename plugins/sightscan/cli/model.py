"""`sightscan model`: which model the app offers."""

from typing import Annotated

from sightscan.cli.declare import CityArgument, command, group, option
from sightscan.cli.environment import open_warehouse
from sightscan.cli.output import print_lines
from sightscan.surroundings import login_name

commands = group("model", "Models: put an earlier one back in place.")

Version = Annotated[
    int | None,
    option("The version of a model that was published once (the one before).", metavar="N"),
]


@command(commands, "rollback")
def roll_back(
    city: CityArgument,
    *,
    reason: Annotated[str, option("Why, for those who read it later.")],
    to: Version = None,
) -> None:
    """Put an earlier published model back in place, at once.

    The app offers it within CATALOGUE_REFRESH_SECONDS, and the next training starts from it
    (docs/runbooks/rollback.md).

    Changes: one more row of core.publication, with your login and reason; nothing is deleted, and
    rolling forward again is the same command.

    Examples:
        sightscan model rollback lisbon --reason "Belem Tower is not seen at night"
        sightscan model rollback lisbon --to 3 --reason "the last one that saw it"
    """
    from sightscan.publish.publish import rollback
    from sightscan.warehouse.registry.cities import find_city

    with open_warehouse() as (_, connection):
        known = find_city(connection, city)
        version = rollback(connection, known, by=login_name(), reason=reason, to_version=to)
    print_lines(f"{known.slug}: model {version} is in place")
