"""Read the robots.txt of strangers: whatever encodes it, and only the groups that concern us.

The parser behind keeps every rule for every robot that is named, and a file may name tens of
thousands. So what is for others is left out before, in a time that grows with the file alone.
"""

import codecs
import re
from urllib.parse import quote

# What a text may begin with, the longest first: UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Every other byte of UTF-16 is 0 where the text is ASCII, as most of a robots.txt is.
_MIN_ZERO_SHARE = 0.4
# Marks and zeros, and what the mark of UTF-8 looks like to who took it for Latin-1.
_UNSEEN = re.compile("[\0\ufeff\u200b\u2060]|\u00ef\u00bb\u00bf")
# RFC 9309 ends lines with these; the parser behind would end them with more.
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_OTHER_LINE_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]+")
_AGENT_FIELD = re.compile(r"user[-_ \t]?agent[ \t]*(?:[:=]|(?=[ \t]))", re.IGNORECASE)
# These are about the site, wherever they stand.
_SITE_FIELD = re.compile(r"(?:site-?maps?|host)\b", re.IGNORECASE)
_RULE_FIELD = re.compile(
    r"(?:allow|dis+al+[oa]w|diasllow|crawl.delay|request.rate|visit.time)\b|[^:]*:", re.IGNORECASE
)


def decode_robots(body: bytes) -> str:
    """Return the text of a robots.txt: UTF-8, unless it begins or looks like another Unicode."""
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body.decode(encoding, "replace")
    sample = body[:1_000]
    for first, encoding in ((0, "utf-16-be"), (1, "utf-16-le")):
        zeros = sample[first::2].count(0)
        if zeros and zeros >= _MIN_ZERO_SHARE * len(sample) and not sample[1 - first :: 2].count(0):
            return body.decode(encoding, "replace")
    return body.decode("utf-8", "replace")


def groups_for(text: str, agent: str) -> str:
    """Return the rules for a robot, as a text with one group that is for all.

    It is meant wherever its name stands as a word: `SightScan/1.0`, `Mozilla/5.0 (SightScan)`,
    `GPTBot, SightScan`. If it is nowhere, the rules are those for `*`.
    """
    name = re.compile(rf"(?<![\w-]){re.escape(agent)}(?![\w-])", re.IGNORECASE)
    ours: list[str] = []
    everybodys: list[str] = []
    is_named = is_ours = is_everybodys = False
    # Names that follow one another begin a group together, which ends at a name after its rules.
    has_rules = False
    for line in _LINE_ENDS.split(_UNSEEN.sub("", text)):
        rule = line.partition("#")[0].strip()
        if not rule or _SITE_FIELD.match(rule):
            continue
        field = _AGENT_FIELD.match(rule)
        if field is not None:
            robots = rule[field.end() :].strip()
            is_ours = name.search(robots) is not None or (is_ours and not has_rules)
            is_everybodys = robots == "*" or (is_everybodys and not has_rules)
            is_named |= is_ours
            has_rules = False
        elif _RULE_FIELD.match(rule):
            has_rules = True
            if is_ours:
                ours.append(rule)
            if is_everybodys:
                everybodys.append(rule)
    rules = (
        _OTHER_LINE_ENDS.sub(_quoted, rule)
        for rule in dict.fromkeys(ours if is_named else everybodys)
    )
    return "\n".join(("User-agent: *", *rules))


def _quoted(found: re.Match[str]) -> str:
    return quote(found[0])
