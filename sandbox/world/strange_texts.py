"""Texts as people and bots leave them in catalogues: HTML, wikitext and what nobody sees.

Modelled on recorded answers: Commons' `extmetadata` has its authors in HTML, with hidden parts of
templates (`<span style="display: none;">`, `<br style="display:none" />`); titles of Openverse end
in the statements for Wikidata that Commons hides in its pages (`The Starry Nighttitle
QS:P1476,en:"The Starry Night"`), and hold links, templates and invisible characters. Which photo has
which is invented: by a hash of its name.
"""

import html

from sandbox.world.seeded import seeded_choice

TITLES = (
    "{0}",
    "{0}",
    '{0}title QS:P1476,en:"{0}"label QS:Len,"{0}"',
    "<b>{0}</b> [[File:Flag.svg|20px|link=]]",
    "{{{{en|1={0}}}}}",
    "\u202a{0}\u202c\u200b",
)
AUTHORS = (
    "{0}",
    "{0}",
    '<a href="https://a.example/{0}">{0}</a>',
    "[[User:{0}|{0}]]",
    '{0}<br style="display:none" />',
)
HTML_AUTHORS = (
    "{0}",
    "{0}",
    '<bdi>{0}</bdi><span style="display: none;">creator QS:P170,Q4233718</span>',
    '{0}<br style="display:none" />',
)


def strange_title(title: str) -> str:
    """Return a title as Openverse passes it on."""
    return seeded_choice(TITLES, "strange title", title).format(title)


def strange_author(author: str, file: str) -> str:
    """Return the author of a file as Openverse passes it on."""
    return seeded_choice(AUTHORS, "strange author", file).format(html.escape(author))


def strange_html_author(link: str, file: str) -> str:
    """Return the author of a file as Commons describes it, around a link to the person."""
    return seeded_choice(HTML_AUTHORS, "strange HTML author", file).format(link)
