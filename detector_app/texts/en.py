"""What the pages say, in English."""

from typing import Final

TEXTS: Final[dict[str, str]] = {
    "page.ask": "Ask for a city",
    "away": "The warehouse is away. This page looks again by itself.",
    "away.here": "The warehouse is away. Open this page again in a minute.",
    "away.asking": "The warehouse is away, so nothing was asked. Try again in a minute.",
    # Asking
    "ask.title": "Ask for a city",
    "ask.lead": (
        "Name a city, in any language. SightScan looks it up, and builds a detector of its sights "
        "once the city is let in."
    ),
    "ask.label": "City",
    "ask.placeholder": "Lisbon, or Valencia, Spain",
    "ask.button": "Ask",
    "ask.once": (
        "To ask is to vote for a city. So that asking again is no second vote, this browser keeps a "
        "random number and your last requests; another browser has a vote of its own. SightScan stores "
        "the number only as a hash, with no name and no address."
    ),
    "ask.empty": "Type the name of a city first.",
    "ask.often": "That was often in a short time. Ask again in {seconds} s.",
    "ask.yours": "What you asked for in this browser",
    "ask.another": "Ask for another city",
    # The answer
    "answer.none": (
        "No request has this number. It may be cut off, or of another SightScan: ask again."
    ),
    "answer.received": "Looking up {name} ...",
    "answer.received.unnamed": "Looking the city up ...",
    "answer.soon": "That usually takes less than a minute. This page notices by itself.",
    "answer.late": (
        "It takes longer than usual. The request is kept, and this page notices by itself; you can "
        "keep its address and come back."
    ),
    "answer.tried": (
        "Wikidata has not answered about it yet (tries: {tries}). It is asked again, for about two days."
    ),
    "answer.unknown": "No city of this name was found.",
    "answer.unknown.near": "No city is called exactly so. Did you mean one of these?",
    "answer.ambiguous": "Several cities are called so. Which one do you mean?",
    "answer.retired": (
        "This city was built once and has been retired. Whoever runs SightScan can bring it back."
    ),
    "answer.refused": "This city was refused before. The reason that was given: {reason}",
    "answer.unanswered": "Wikidata did not answer about this name. Ask for it in other words.",
    "answer.unfit": (
        "What Wikidata knows of this place is no city that can be stored. Ask by another name."
    ),
    "answer.said": "It was not taken. The reason that was given: {reason}",
    "answer.people": "{count} people",
    # The way of a city
    "way.title": "Where it is",
    "way.asked": "Asked for",
    "way.let_in": "Let in",
    "way.sights": "Sights",
    "way.photos": "Photos",
    "way.labels": "Labels",
    "way.training": "Training",
    "way.published": "Published",
    "way.done": "done",
    "way.now": "now",
    "way.next": "to come",
    "votes.one": "It has one vote.",
    "votes.many": "It has {count} votes.",
    "stage.waiting": "It waits to be let in, at place {place} of the queue.",
    "stage.refused": "It was refused. The reason that was given: {reason}",
    "stage.refused.unsaid": "It was refused; no reason was given.",
    "stage.retired": "It is retired: no new detector is built.",
    "stage.starting": "It is let in. Its first run is to come.",
    "stage.discovering": "Its sights are being looked up.",
    "stage.crawling": "Photos are being looked for: {done} of {all} searches are done.",
    "stage.labelling": "Photos are being labelled.",
    "stage.deciding": "The labels are there; whether they suffice for a training is being decided.",
    "stage.machine": "It waits for a machine that trains, or for that machine to be ready.",
    "stage.training": "The network is being trained.",
    "stage.training.epochs": "The network is being trained: {epochs}.",
    "epochs.one": "one round through its photos is done",
    "epochs.many": "{count} rounds through its photos are done",
    "stage.judging": "The network is trained, and is being judged on photos that it never saw.",
    "stage.published": "Its detector is there.",
    "stage.photos": (
        "It waits for photos: there are too few with labels for a training. Each later run looks for "
        "more. What was decided: {reason}"
    ),
    "stage.budget": "Its run was not started, since it would have passed a budget. It is tried again by schedule.",
    "stage.ended": "Its last run ended without a new detector. The next one comes by schedule.",
    "stage.ended.judged": (
        "Its last run trained a network that was not put in place. What was decided: {reason}"
    ),
    "stage.other": "How far it is, this app is too old to say.",
    "stage.also": "The detector in place is version {version}; a newer run is under way.",
    "waits.approval": "What it waits for: that whoever runs SightScan lets it in.",
    "waits.budget": (
        "What it waits for: the budget for requests of this month is used up. It is let in by itself "
        "when there is room again, or by whoever runs SightScan."
    ),
    "waits.turn": (
        "What it waits for: its turn. Cities with more votes, or asked for earlier, are let in first."
    ),
    "waits.other": "What it waits for, this app is too old to say.",
    "cost.probable": "Its first run will probably cost about {usd} US dollars.",
    "past.none": "How long it will take is not known: no city has been built here from its first run on.",
    "past.one": "The one city that was built here took {time} from its first run on, and cost {usd} US dollars.",
    "past.many": (
        "Half of the {count} cities that were built here last took less than {time} from their first "
        "run on, and half cost less than {usd} US dollars."
    ),
    "seconds.many": "{count} seconds",
    "seconds.one": "one second",
    "minutes.one": "one minute",
    "minutes.many": "{count} minutes",
    "hours.one": "one hour",
    "hours.many": "{count} hours",
    "days.one": "one day",
    "days.many": "{count} days",
    "count.sights": "Sights",
    "count.photos": "Photos",
    "count.labelled": "Labelled",
    "curve.title": "How good it is after each round",
    "curve.alt": "A curve over {rounds} rounds: from {first} to {last}; the best is {best}.",
    "curve.caption": (
        "Mean average precision on the photos kept apart for validation, from 0 to 1. The test photos, "
        "which decide, are seen once, at the end."
    ),
    "open.detector": "Show {city} photos",
    # Models
    "page.models": "Models",
    "models.title": "Models",
    "models.lead": (
        "Each detector that was trained here, and what was decided about it on photos that it never saw."
    ),
    "models.none": "No model has been judged yet.",
    "models.gone": "This version is not there any more.",
    "models.version": "Version",
    "models.in_place": "in place",
    "models.published": "published before",
    "models.refused": "refused",
    "models.standing": "What was decided",
    "models.decision": "The decision: {decision}",
    "models.photos": "It learnt from {train} photos; {val} chose its best round, and {test} judged it.",
    "models.precision": "Of the names that it shows on the test photos, {share} are right.",
    "models.recall": "Of the sights that are on them, {share} get their name.",
    "models.false_alarms": "Of the test photos without a sight, {share} get a name all the same.",
    "models.sights": "How well each sight is found",
    "models.sights.caption": (
        "Average precision on the test photos, at an overlap of a half: 1 is always, 0 is never."
    ),
    "models.sight": "Sight",
    "models.score": "Score",
    "models.test_photos": "Test photos",
    "models.hidden": "never named in the app",
    "models.right": "Test photos that it gets right",
    "models.wrong": "Test photos that it gets wrong",
    "models.no_examples": (
        "There are no pictures of test photos: none is under a licence that lets everybody show it, or "
        "the model was judged by an older version."
    ),
    "models.example": "There: {there}. Shown: {shown}.",
    "models.nothing": "nothing",
    "models.no_name": "no name",
    "models.there": "there",
    "models.photo": "Photo without a title",
    "models.no_author": "author unknown",
    "models.no_licence": "licence unknown",
    "models.confusion": "What is taken for what",
    "models.confusion.how": (
        "Each row is what is there, each column what is shown; right names are on the diagonal."
    ),
    "models.credits": "Whose photos are in it",
    "models.credits.count": "{first} to {last} of {total} photos.",
    "models.no_credits": "None of its photos is here any more, or none has a source.",
    "models.earlier": "Back",
    "models.later": "More",
    "models.card": "The model card",
    "models.card.download": "Download the card",
    "models.no_card": "Its card is written when a model is judged; this one was judged by an older version.",
    # Help improve
    "page.improve": "Help improve",
    "improve.title": "Help improve",
    "improve.lead": (
        "Share a photo of a sight, and detectors may learn from it. Nothing is shared before you have "
        "seen what would be stored and agreed to it."
    ),
    "improve.switch": "I want to share a photo",
    "improve.no_city": "There is no city yet that photos could be shared for.",
    "improve.sight": "The sight on it",
    "improve.photo": "Your photo",
    "improve.blurring": "Faces and number plates are looked for ...",
    "improve.again": "Try again",
    "improve.faces.one": "one face",
    "improve.faces.many": "{count} faces",
    "improve.plates.one": "one number plate",
    "improve.plates.many": "{count} number plates",
    "improve.alt": "Your photo as it would be stored. Blurred: {found}.",
    "improve.look": (
        "This is what would be stored, smaller and without place, time and camera. Blurred: {found}. Not "
        "every face or plate is found: if you see one, do not share this photo."
    ),
    "improve.author": "Name to credit you by (left empty: “a contributor of SightScan”)",
    "improve.author.help": "The licence asks that you be named. Any name will do, or none.",
    "improve.use": (
        "**What it is used for.** Whoever runs SightScan looks at it, marks the sight, and accepts or "
        "rejects it. Accepted, it trains and tests detectors, is listed with its credit on the page "
        "*Models*, and may be shown there. It is sent to no other service. You get a code that takes it "
        "back; a detector that has learnt from it by then stays as it is until the next one."
    ),
    "improve.agree": (
        "I took this photo, or may share it so, and I publish the picture above under the licence "
        "Creative Commons Attribution 4.0 (CC BY 4.0)."
    ),
    "improve.share": "Share this picture",
    "improve.not_shared": "The warehouse is away, so nothing was shared. Try again in a minute.",
    "improve.thanks": (
        "Thank you: the picture is shared. Keep this code. Nobody can give it to you again, and whoever "
        "has it can take the picture back."
    ),
    "improve.keep": "Keep the code as a file",
    "improve.file": "The code that takes your photo back from SightScan: {code}\n",
    "improve.another": "Share another photo",
    "improve.back": "Take a photo back",
    "improve.code": "Your code",
    "improve.see": "See what became of it",
    "improve.withdraw": "Take it back",
    "improve.misspelt": "This is no code: it has seven groups of four letters and digits.",
    "improve.no_such_code": "Nothing was shared with this code here, or it was taken back before it was looked at.",
    "improve.withdrawn": "It is taken back: its bytes are deleted from all tables and stores, usually within a minute.",
    "shared.received": "It has come in, and is looked at soon.",
    "shared.in_review": "It waits for a person to look at it.",
    "shared.accepted": "It was accepted, and detectors may learn from it.",
    "shared.rejected": "It was looked at and not accepted: no detector learns from it. You can take it back all the same.",
    "shared.refused": "It was not kept: it is too small, broken, or of a sight that photos are not taken for any more.",
    "shared.removed": "It was taken down: its bytes are deleted.",
    "shared.other": "What became of it, this app is too old to say.",
    "detect.ask": "Ask for this city",
    "shared.withdrawn": "It was taken back: its bytes are deleted.",
}
