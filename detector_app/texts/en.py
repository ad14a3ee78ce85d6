"""What the pages say, in English."""

from typing import Final

_FORMS: Final = "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP or TIFF"

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
        "rejects it. Accepted, it trains and tests detectors: for that it is copied to a machine that "
        "trains, and may lie in a store of photos; both may be rented. It is listed with its credit on "
        "the page *Models*, and may be shown there. It is sent to no service that labels photos. You get "
        "a code that takes it back. Copies then stay in backups, by default for five weeks at most, and "
        "on a machine that trains until that is used again; a detector that has learnt from it stays, and "
        "later ones may go on from what it learnt."
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
    "improve.no_such_code": "Nothing was shared with this code here.",
    "improve.withdrawn": (
        "It is taken back: it will be deleted from the warehouse and its store of photos, usually within "
        "a minute. Backups of before hold it until they go, by default for five weeks at most; a machine "
        "that trained with it deletes it before it is used again."
    ),
    "shared.received": "It has come in, and is looked at soon.",
    "shared.in_review": "It waits for a person to look at it.",
    "shared.accepted": "It was accepted, and detectors may learn from it.",
    "shared.rejected": "It was looked at and not accepted: no detector learns from it. You can take it back all the same.",
    "shared.refused": (
        "It was not kept. It is too small or broken; or it is like a photo that was taken down or taken "
        "back; or it came without the licence that is asked for; or its sight is none that photos are "
        "taken for any more."
    ),
    "shared.removed": (
        "It was taken down: it is deleted from the warehouse. Backups of before may hold it for some weeks."
    ),
    "shared.other": "What became of it, this app is too old to say.",
    "detect.ask": "Ask for this city",
    "shared.withdrawn": (
        "It was taken back: it is deleted from the warehouse. Backups of before may hold it for some weeks."
    ),
    # Every page
    "page.detect": "Detect",
    "page.help": "Help",
    "page.about": "About",
    "settings.wrong": "{detail}",
    "model.refused": "{detail}",
    "sights.one": "1 sight",
    "sights.many": "{count} sights",
    "photos.one": "1 photo",
    "photos.many": "{count} photos",
    "age.now": "just now",
    "age.minutes": "{count} minutes ago",
    "age.hours": "{count} hours ago",
    "age.days": "{count} days ago",
    # Detect
    "detect.title": "What am I looking at?",
    "detect.lead": "Choose a city, show a photo or point the camera: SightScan names its sights.",
    "detect.no_city": "SightScan knows no city yet. As soon as one is added, it appears here by itself.",
    "detect.away.new": (
        "The warehouse is away, and this machine has not seen it before, so there is no city to choose. "
        "The page looks again by itself; if this stays, see the help page."
    ),
    "detect.away.known": (
        "The warehouse is away; these are the cities as of {age}. Detectors that were used on this "
        "machine before work as ever."
    ),
    "detect.operator": "For whoever runs this app",
    "detect.type": "Type the name of a city",
    "detect.choose": "Choose a city above to begin.",
    "detect.unknown": "SightScan knows no city “{name}” here.",
    "detect.unknown.near": "Did you mean one of these: {names}?",
    "detect.unknown.list": "Choose one of the list.",
    "detect.all": "Show every name from {percent} confidence on",
    "detect.all.help": (
        "Off: each sight is shown from the confidence on with which this detector was judged before it "
        "was published. On: more is shown, and more of it is wrong."
    ),
    "detect.from": "Show sights from this confidence on",
    "detect.from.help": "Lower shows more and errs more often; higher shows only what is certain.",
    "detect.fetching": "Getting the detector ready ({megabytes} MB, fetched only once)",
    "detect.figures": "mAP50 {map50}, mAP50-95 {map50_95}; published {day}; {signature}.",
    "detect.knows.one": "The one sight it knows",
    "detect.knows.many": "The {count} sights it knows",
    "detect.knows.list": "Sights it knows",
    "detect.other_model": (
        "{city} has another detector: version {version} in place of {before}. It is in use now."
    ),
    "signature.checked": "its file is signed by a key that this app trusts",
    "signature.none": "its file is not signed",
    "signature.unchecked": "its file is signed; this app has no key to check that with",
    # A city that has no detector
    "city.preparing": "in preparation",
    "city.waiting": "asked for, not approved yet",
    "city.refused": "refused",
    "city.elsewhere": "not on this machine",
    "city.long": (
        "The detector of {city} is not ready yet: {stage}. So far {sights}, {photos}, {labelled} of them "
        "labelled. This page notices by itself when the detector is published."
    ),
    "city.added": "the city is known, its first run is to come",
    "city.discovered": "its sights are known, photos are being gathered",
    "city.crawled": "photos are there, labelling comes next",
    "city.labelled": "photos are labelled, training comes next",
    "city.other": "this app is too old to say how far it is",
    "city.votes.one": "A detector of {city} has one vote.",
    "city.votes.many": "A detector of {city} has {count} votes.",
    "city.waiting.long": (
        "It is not approved yet: nothing is built until whoever runs SightScan lets it in. This page "
        "notices by itself."
    ),
    "city.refused.long": "It was refused: {reason}",
    "city.refused.unsaid": "no reason was given.",
    # How good a detector is
    "quality.counted": (
        "names a sight on {own} photos of its sights that it never learnt from; of photos without any of "
        "them, {strangers} got a name"
    ),
    "quality.untried": (
        "names a sight on {own} photos of its sights that it never learnt from; how often it gives a name "
        "to what it does not know was not tried"
    ),
    "quality.of": "{count} of {all}",
    "quality.older": (
        "finds {share} sights on {photos} it never learnt from, and names those of which it is sure"
    ),
    "quality.few": "hardly any",
    "quality.all": "nearly all",
    "quality.tenths": "about {tenths} of 10",
    # Photos
    "photo.tab": "Photo",
    "photo.taken_in": "Photos taken in {city}",
    "photo.limits": (
        "The photos stay in this server's memory while you look at them; none is kept. At most {most} at "
        "once, of at most {megabytes} MB each."
    ),
    "photo.not_taken": (
        "A file that is marked red was not taken. A photo may have at most {megabytes} MB, and all of "
        "them together three times that: remove it, and choose a smaller copy."
    ),
    "photo.camera": "Take a photo with this device's camera",
    "photo.shot": "A photo",
    "photo.again": "Try again",
    "name.sure": "This is {name}",
    "name.probable": "Probably {name}",
    "name.perhaps": "Perhaps {name}",
    "photo.found": "Found",
    "photo.found.none": "No sight found",
    "photo.nothing": "Nothing found",
    "photo.nothing.long": (
        "No sight of {city} was found in this photo. Let less sure names be shown above, or try a photo "
        "that shows more of the building."
    ),
    "photo.download": "Download the picture",
    "photo.details": "Details",
    "photo.took": (
        "{milliseconds} ms to look at the photo of {width} x {height} pixels, shown to the model as "
        "{model_width} x {model_height}."
    ),
    "photo.sight": "sight",
    "photo.confidence": "confidence",
    # What may be wrong with one
    "refused.heavy": (
        "{file} has {megabytes} MB, at most {most} MB are possible; choose a smaller copy of the photo."
    ),
    "refused.empty": "{file} is empty; choose another file.",
    "refused.form": "{file} is {form}, which is not read here; save it as JPEG and choose that.",
    "refused.bomb": (
        "{file} has more pixels than the {most} megapixels that are possible; choose a smaller copy of "
        "the photo."
    ),
    "refused.no_photo": f"{{file}} is no photo of the kinds {_FORMS}; choose another file.",
    "refused.video": (
        "{file} is a video; open the camera in a page of its own, and choose it there: your own device "
        "looks at it."
    ),
    "refused.forms": _FORMS,
    "refused.large": (
        "{file} has {width} x {height} pixels, at most {most} megapixels are possible; choose a smaller "
        "copy of the photo."
    ),
    "refused.large.form": (
        "{file} has {width} x {height} pixels, at most {most} megapixels of a {form} file are possible; "
        "choose a smaller copy of the photo."
    ),
    "refused.small": (
        "{file} has only {width} x {height} pixels; choose a photo of at least {least} pixels on each side."
    ),
    "refused.damaged": "{file} is damaged and cannot be shown; choose another copy of it.",
    "refused.report": "The photo is too large even when it is made small; send another one.",
    "busy.photos": (
        "Photos of other people take all of this server's room just now; try again in a few seconds."
    ),
    "failed.model": "The model failed on a picture of {width} x {height} pixels ({cause}); try another picture.",
    "detector.away": (
        "The detector of {city} (version {version}) is not on this machine yet and the warehouse is away; "
        "choose a city that was used here before, or try again when the warehouse is back."
    ),
    "detector.gone": (
        "The detector of {city} (version {version}) is published no more; reload the page to get the one "
        "in its place."
    ),
    "detector.no_room": (
        "The detector of {city} cannot be kept in {folder}, and is sent to nobody from elsewhere; make "
        "room there, or name another MODEL_CACHE_DIR."
    ),
    # The camera
    "live.tab": "Live",
    "live.how": (
        "Your browser looks at the film itself. If it cannot, it sends one photo a second to this server, "
        "which looks at it and keeps none."
    ),
    "live.own_page": "Open the camera in a page of its own",
    # Help
    "help.steps": """## In four steps
1. **Choose a city.** Each city has its own detector. It is fetched once and kept on the machine
   that runs this app.
2. **Show photos or open the camera.** Drop photos into the *Photo* tab, or take one there; or open
   the camera in the *Live* tab and allow it. A video is looked at on the page that the *Live* tab leads to.
3. **Read the names.** Each sight gets a box, a dot and its name; the list beside the picture says
   the same, as surely as the detector is. Each sight is shown from the confidence on with which
   the detector was judged before it was published.
4. **Press a name** to read what is known of the sight. *Wrong name* and *A sight is missing* tell
   whoever runs SightScan what to look at.

## If a sight is missed
- Show the whole building, in daylight, from where people usually photograph it.
- Let less sure names be shown, with the switch beside the city (with older detectors, a slider).
  More is shown, and more of it is wrong.
- Open *The sights it knows*: what is not in the list cannot be found.
""",
    "help.trouble": """## If something does not work
| what you see | what to do |
|---|---|
| **The warehouse is away** | Nothing, if your city was used here before: its detector works without. Otherwise wait; the page looks again by itself. Whoever runs the app checks `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` and `PGPASSWORD`. |
| **The detector is not ready yet** | The city is being prepared. The page notices by itself when it is done. |
| **Asked for, not approved yet** | People asked for this city. Nothing is built until whoever runs SightScan lets it in; the page notices by itself. |
| **Refused** | Whoever runs SightScan does not build this city; the page says why. |
| **The model was refused** | What is published is not what was meant to be. Whoever runs SightScan publishes the model again. |
| **The camera does not start** | Allow it in the browser (the camera sign in the address bar). Away from `localhost`, browsers give cameras to `https` pages only. |
| **The server is busy** | Large photos of other people are being looked at. Try again in a few seconds. |
| **The photo is refused** | Choose a {forms} of at most {megabytes} MB, and of at most {whole} megapixels; a JPEG may have {jpeg}. |
""",
    # About
    "about.title": "About SightScan",
    "about.what": (
        "SightScan takes the name of a city and gives back a detector of its sights. It looks up the "
        "sights, gathers free photos of them, has them labelled, trains a network on them, and publishes "
        "it only when it is better than the one in place on photos that no training ever saw."
    ),
    "about.detectors": "Detectors in place",
    "about.none": "None yet.",
    "about.city": "city",
    "about.version": "version",
    "about.published": "published",
    "about.sights": "sights",
    "about.named": "photos of its sights that it named",
    "about.named.unknown": "not counted",
    "about.strangers": "other photos that got a name",
    "about.strangers.unknown": "not tried",
    "about.measured": "On photos that no training saw, from the confidence on that each detector chose.",
    "about.debug": "Debug: the figures",
    "about.test_photos": "test photos",
    "about.privacy": """## Your pictures
Photos on the *Detect* page are looked at in the memory of the machine that runs this app, and
forgotten when you close the page. Films, those of the camera and those of a file, are looked at by
your own browser; where that cannot, one photo a second of the camera's is looked at like any other.
Nothing is kept or passed on, but for what you send yourself, after you have seen it: what you share
on *Help improve*, until you take it back, and the picture of a report ("Wrong name", "A sight is
missing"), until somebody here has looked at it, three months at most. Before either is stored, faces
and number plates that are found in it are blurred; not all are found. Backups hold what was there when
they were made, by default for five weeks at most.
""",
    "about.credits": """## Whose work is in it
- **Photos.** The detectors learnt from photos that their authors published under free licences,
  most of them on Wikimedia Commons. Author, licence and page of every photo are kept with it, and
  a photo that is withdrawn is removed.
- **Sights.** Names, places and identifiers come from Wikidata (CC0).
- **Network.** YOLOv5 by Ultralytics (AGPL-3.0); it runs here with ONNX Runtime.
- **This app.** Streamlit, ONNX Runtime, OpenCV, Pillow, libheif; letters in Source Sans (OFL).
""",
    # What Streamlit writes by itself, in English only: the English is its own
    "widget.upload": "Upload",
    "widget.add_files": "Add files",
    "widget.drag_one": "Drag and drop a file here",
    "widget.drag_many": "Drag and drop files here",
    "widget.per_file": "{megabytes}MB per file",
    "widget.camera_wants": "This app would like to use your camera.",
    "widget.camera_how": "Learn how to allow access.",
    "widget.take": "Take Photo",
    "widget.clear_photo": "Clear photo",
    "widget.switch_camera": "Switch camera",
    "widget.no_results": "No results",
    "widget.skip": "Skip to main content",
    "widget.heading": "Link to heading",
    "widget.open": "Open",
    "widget.clear_value": "Clear value",
    "widget.help": "Help",
    "widget.pages": "App pages",
    "widget.enter": "Press Enter to apply",
    "widget.enter_form": "Press Enter to submit form",
    "widget.fullscreen": "Fullscreen",
    "widget.fullscreen_of": "Fullscreen: {{}}",
    "widget.close_fullscreen": "Close fullscreen",
    "widget.close_fullscreen_of": "Close fullscreen: {{}}",
    "widget.add_option": "Add: {{}}",
    "widget.options": "Selectbox options",
    "widget.too_large": "File must be {{}} or smaller.",
    "widget.wrong_kind": "{{}} files are not allowed.",
    "widget.one_file": "Only one file is allowed.",
    "widget.too_small": "File size is too small.",
    "widget.failed": "Unexpected error. Please try again.",
    "widget.file_input": "file upload",
    "widget.icon": "{{}} icon",
    "widget.loading": "Loading",
    "widget.columns": "Show/hide columns",
    "widget.csv": "Download as CSV",
    "widget.search": "Search",
    "widget.close_search": "Close Search",
    "widget.previous": "Previous Result",
    "widget.next": "Next Result",
    "widget.column_menu": "Dataframe column menu",
    "widget.copy_column": "Copy column name",
}
