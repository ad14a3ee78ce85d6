"""Was die Seiten sagen, auf Deutsch."""

from typing import Final

_FORMS: Final = "JPEG, PNG, WebP, HEIC, AVIF, GIF, BMP oder TIFF"

TEXTS: Final[dict[str, str]] = {
    "page.ask": "Stadt wünschen",
    "away": "Das Warehouse ist nicht erreichbar. Diese Seite schaut von selbst wieder nach.",
    "away.here": "Das Warehouse ist nicht erreichbar. Öffnen Sie diese Seite in einer Minute noch einmal.",
    "away.asking": (
        "Das Warehouse ist nicht erreichbar, es wurde nichts angefragt. Versuchen Sie es in einer "
        "Minute noch einmal."
    ),
    # Asking
    "ask.title": "Stadt wünschen",
    "ask.lead": (
        "Nennen Sie eine Stadt, in irgendeiner Sprache. SightScan schlägt sie nach und baut einen "
        "Detektor ihrer Sehenswürdigkeiten, sobald sie zugelassen ist."
    ),
    "ask.label": "Stadt",
    "ask.placeholder": "Lissabon, oder Valencia, Spanien",
    "ask.button": "Wünschen",
    "ask.once": (
        "Ein Wunsch ist eine Stimme für eine Stadt. Damit derselbe Wunsch keine zweite ist, merkt sich "
        "dieser Browser eine Zufallszahl und Ihre letzten Wünsche; ein anderer Browser hat seine eigene "
        "Stimme. SightScan speichert die Zahl nur als Hash, ohne Namen und Adresse."
    ),
    "ask.empty": "Geben Sie zuerst den Namen einer Stadt ein.",
    "ask.often": "Das war oft in kurzer Zeit. In {seconds} s geht es wieder.",
    "ask.yours": "Ihre Wünsche in diesem Browser",
    "ask.another": "Noch eine Stadt wünschen",
    # The answer
    "answer.none": (
        "Kein Wunsch hat diese Nummer. Sie ist vielleicht abgeschnitten oder von einem anderen "
        "SightScan: fragen Sie noch einmal."
    ),
    "answer.received": "{name} wird nachgeschlagen ...",
    "answer.received.unnamed": "Die Stadt wird nachgeschlagen ...",
    "answer.soon": "Das dauert meist weniger als eine Minute. Diese Seite bemerkt es von selbst.",
    "answer.late": (
        "Es dauert länger als sonst. Der Wunsch ist aufgehoben, und diese Seite bemerkt es von selbst; "
        "Sie können sich ihre Adresse merken und wiederkommen."
    ),
    "answer.tried": (
        "Wikidata hat dazu noch nicht geantwortet (Versuche: {tries}). Es wird weiter gefragt, etwa "
        "zwei Tage lang."
    ),
    "answer.unknown": "Es wurde keine Stadt dieses Namens gefunden.",
    "answer.unknown.near": "Genau so heißt keine Stadt. Meinen Sie eine von diesen?",
    "answer.ambiguous": "Mehrere Städte heißen so. Welche meinen Sie?",
    "answer.retired": (
        "Diese Stadt gab es hier schon, sie wurde stillgelegt. Wer SightScan betreibt, kann sie "
        "zurückholen."
    ),
    "answer.refused": "Diese Stadt wurde schon abgelehnt. Der angegebene Grund: {reason}",
    "answer.unanswered": "Wikidata hat zu diesem Namen nicht geantwortet. Fragen Sie mit anderen Worten.",
    "answer.unfit": (
        "Was Wikidata von diesem Ort weiß, ist keine Stadt, die sich speichern lässt. Fragen Sie mit "
        "einem anderen Namen."
    ),
    "answer.said": "Der Wunsch wurde nicht angenommen. Der angegebene Grund: {reason}",
    "answer.people": "{count} Einwohner",
    # The way of a city
    "way.title": "Wie weit sie ist",
    "way.asked": "Gewünscht",
    "way.let_in": "Zugelassen",
    "way.sights": "Sehenswürdigkeiten",
    "way.photos": "Fotos",
    "way.labels": "Beschriftung",
    "way.training": "Training",
    "way.published": "Veröffentlicht",
    "way.done": "fertig",
    "way.now": "jetzt",
    "way.next": "kommt noch",
    "votes.one": "Sie hat eine Stimme.",
    "votes.many": "Sie hat {count} Stimmen.",
    "stage.waiting": "Sie wartet auf ihre Zulassung, auf Platz {place} der Warteschlange.",
    "stage.refused": "Sie wurde abgelehnt. Der angegebene Grund: {reason}",
    "stage.refused.unsaid": "Sie wurde abgelehnt; ein Grund ist nicht angegeben.",
    "stage.retired": "Sie ist stillgelegt: ein neuer Detektor wird nicht gebaut.",
    "stage.starting": "Sie ist zugelassen. Ihr erster Lauf steht noch aus.",
    "stage.discovering": "Ihre Sehenswürdigkeiten werden nachgeschlagen.",
    "stage.crawling": "Fotos werden gesucht: {done} von {all} Suchen sind fertig.",
    "stage.labelling": "Fotos werden beschriftet.",
    "stage.deciding": "Die Beschriftung ist da; ob sie für ein Training reicht, wird gerade entschieden.",
    "stage.machine": "Sie wartet auf eine Maschine zum Trainieren, oder darauf, dass sie bereit ist.",
    "stage.training": "Das Netz wird trainiert.",
    "stage.training.epochs": "Das Netz wird trainiert: {epochs}.",
    "epochs.one": "ein Durchgang durch seine Fotos ist fertig",
    "epochs.many": "{count} Durchgänge durch seine Fotos sind fertig",
    "stage.judging": "Das Netz ist trainiert und wird an Fotos geprüft, die es nie gesehen hat.",
    "stage.published": "Ihr Detektor ist da.",
    "stage.photos": (
        "Sie wartet auf Fotos: für ein Training sind zu wenige beschriftet. Jeder spätere Lauf sucht "
        "weitere. Was entschieden wurde (auf Englisch): {reason}"
    ),
    "stage.budget": (
        "Ihr Lauf wurde nicht begonnen, weil er ein Budget überschritten hätte. Er wird nach Plan "
        "wieder versucht."
    ),
    "stage.ended": "Ihr letzter Lauf endete ohne neuen Detektor. Der nächste kommt nach Plan.",
    "stage.ended.judged": (
        "Ihr letzter Lauf hat ein Netz trainiert, das nicht eingesetzt wurde. Was entschieden wurde "
        "(auf Englisch): {reason}"
    ),
    "stage.other": "Um zu sagen, wie weit sie ist, ist diese App zu alt.",
    "stage.also": "Der eingesetzte Detektor ist Version {version}; ein neuerer Lauf ist im Gang.",
    "waits.approval": "Worauf sie wartet: dass, wer SightScan betreibt, sie zulässt.",
    "waits.budget": (
        "Worauf sie wartet: das Budget dieses Monats für Wünsche ist verbraucht. Sie wird von selbst "
        "zugelassen, wenn wieder Platz ist, oder von dem, der SightScan betreibt."
    ),
    "waits.turn": (
        "Worauf sie wartet: dass sie an der Reihe ist. Städte mit mehr Stimmen, oder die früher "
        "gewünscht wurden, kommen zuerst."
    ),
    "waits.other": "Um zu sagen, worauf sie wartet, ist diese App zu alt.",
    "cost.probable": "Ihr erster Lauf kostet wahrscheinlich etwa {usd} US-Dollar.",
    "past.none": (
        "Wie lange es dauert, ist nicht bekannt: noch keine Stadt wurde hier vom ersten Lauf an gebaut."
    ),
    "past.one": (
        "Die eine Stadt, die hier gebaut wurde, brauchte vom ersten Lauf an {time} und kostete {usd} "
        "US-Dollar."
    ),
    "past.many": (
        "Die Hälfte der {count} zuletzt hier gebauten Städte brauchte vom ersten Lauf an weniger als "
        "{time}, und die Hälfte kostete weniger als {usd} US-Dollar."
    ),
    "seconds.many": "{count} Sekunden",
    "seconds.one": "eine Sekunde",
    "minutes.one": "eine Minute",
    "minutes.many": "{count} Minuten",
    "hours.one": "eine Stunde",
    "hours.many": "{count} Stunden",
    "days.one": "einen Tag",
    "days.many": "{count} Tage",
    "count.sights": "Sehenswürdigkeiten",
    "count.photos": "Fotos",
    "count.labelled": "Beschriftet",
    "curve.title": "Wie gut es nach jedem Durchgang ist",
    "curve.alt": "Eine Kurve über {rounds} Durchgänge: von {first} bis {last}; der beste Wert ist {best}.",
    "curve.caption": (
        "Mittlere Genauigkeit (mean average precision) auf den zur Validierung beiseitegelegten Fotos, "
        "von 0 bis 1. Die Testfotos, die entscheiden, werden einmal am Ende angesehen."
    ),
    "open.detector": "Fotos von {city} zeigen",
    # Models
    "page.models": "Modelle",
    "models.title": "Modelle",
    "models.lead": (
        "Jeder Detektor, der hier trainiert wurde, und was über ihn entschieden wurde: an Fotos, die er "
        "nie gesehen hat."
    ),
    "models.none": "Noch kein Modell wurde beurteilt.",
    "models.gone": "Diese Version gibt es nicht mehr.",
    "models.version": "Version",
    "models.in_place": "eingesetzt",
    "models.published": "früher veröffentlicht",
    "models.refused": "abgelehnt",
    "models.standing": "Was entschieden wurde",
    "models.decision": "Die Entscheidung (auf Englisch): {decision}",
    "models.photos": (
        "Es hat aus {train} Fotos gelernt; {val} haben seinen besten Durchgang gewählt, und {test} haben "
        "es beurteilt."
    ),
    "models.precision": "Von den Namen, die es auf den Testfotos zeigt, stimmen {share}.",
    "models.recall": "Von den Sehenswürdigkeiten darauf bekommen {share} ihren Namen.",
    "models.false_alarms": "Von den Testfotos ohne Sehenswürdigkeit bekommen {share} trotzdem einen Namen.",
    "models.sights": "Wie gut jede Sehenswürdigkeit gefunden wird",
    "models.sights.caption": (
        "Mittlere Genauigkeit auf den Testfotos, bei halber Überlappung: 1 heißt immer, 0 nie."
    ),
    "models.sight": "Sehenswürdigkeit",
    "models.score": "Wert",
    "models.test_photos": "Testfotos",
    "models.hidden": "wird in der App nie genannt",
    "models.right": "Testfotos, bei denen es recht hat",
    "models.wrong": "Testfotos, bei denen es irrt",
    "models.no_examples": (
        "Es gibt keine Bilder von Testfotos: keines steht unter einer Lizenz, die allen das Zeigen "
        "erlaubt, oder das Modell wurde von einer älteren Version beurteilt."
    ),
    "models.example": "Da: {there}. Gezeigt: {shown}.",
    "models.nothing": "nichts",
    "models.no_name": "kein Name",
    "models.there": "da",
    "models.photo": "Foto ohne Titel",
    "models.no_author": "Urheber unbekannt",
    "models.no_licence": "Lizenz unbekannt",
    "models.confusion": "Was wofür gehalten wird",
    "models.confusion.how": (
        "Jede Zeile ist, was da ist, jede Spalte, was gezeigt wird; richtige Namen stehen auf der "
        "Diagonale."
    ),
    "models.credits": "Wessen Fotos darin sind",
    "models.credits.count": "{first} bis {last} von {total} Fotos.",
    "models.no_credits": "Keines seiner Fotos ist noch hier, oder keines hat eine Quelle.",
    "models.earlier": "Zurück",
    "models.later": "Weiter",
    "models.card": "Die Modellkarte (auf Englisch)",
    "models.card.download": "Karte herunterladen",
    "models.no_card": (
        "Die Karte wird geschrieben, wenn ein Modell beurteilt wird; dieses wurde von einer älteren "
        "Version beurteilt."
    ),
    # Help improve
    "page.improve": "Mithelfen",
    "improve.title": "Mithelfen",
    "improve.lead": (
        "Teilen Sie ein Foto einer Sehenswürdigkeit, und Detektoren können daraus lernen. Nichts wird "
        "geteilt, bevor Sie gesehen haben, was gespeichert würde, und zugestimmt haben."
    ),
    "improve.switch": "Ich möchte ein Foto teilen",
    "improve.no_city": "Es gibt noch keine Stadt, für die sich Fotos teilen ließen.",
    "improve.sight": "Die Sehenswürdigkeit darauf",
    "improve.photo": "Ihr Foto",
    "improve.blurring": "Gesichter und Nummernschilder werden gesucht ...",
    "improve.again": "Noch einmal versuchen",
    "improve.faces.one": "ein Gesicht",
    "improve.faces.many": "{count} Gesichter",
    "improve.plates.one": "ein Nummernschild",
    "improve.plates.many": "{count} Nummernschilder",
    "improve.alt": "Ihr Foto, wie es gespeichert würde. Unkenntlich gemacht: {found}.",
    "improve.look": (
        "Das würde gespeichert, kleiner und ohne Ort, Zeit und Kamera. Unkenntlich gemacht: {found}. "
        "Nicht jedes Gesicht oder Schild wird gefunden: sehen Sie eines, teilen Sie dieses Foto nicht."
    ),
    "improve.author": "Name, unter dem Sie genannt werden (leer: „a contributor of SightScan“)",
    "improve.author.help": "Die Lizenz verlangt, dass Sie genannt werden. Jeder Name ist recht, auch keiner.",
    "improve.use": (
        "**Wofür es verwendet wird.** Wer SightScan betreibt, sieht es an, markiert die Sehenswürdigkeit "
        "und nimmt es an oder lehnt es ab. Angenommen trainiert und prüft es Detektoren: dazu wird es auf "
        "einen Rechner kopiert, der trainiert, und kann in einem Speicher für Fotos liegen; beide können "
        "gemietet sein. Es steht mit Namensnennung auf der Seite *Modelle* und kann dort gezeigt werden. "
        "An keinen Dienst, der Fotos beschriftet, wird es geschickt. Sie bekommen einen Code, der es "
        "zurückholt. Kopien bleiben dann in Sicherungen, in der Voreinstellung höchstens fünf Wochen, und "
        "auf einem Rechner, der trainiert, bis er wieder gebraucht wird; ein Detektor, der daraus gelernt "
        "hat, bleibt, und spätere können darauf aufbauen."
    ),
    "improve.agree": (
        "Ich habe dieses Foto aufgenommen oder darf es so teilen, und ich veröffentliche das Bild oben "
        "unter der Lizenz Creative Commons Namensnennung 4.0 (CC BY 4.0)."
    ),
    "improve.share": "Dieses Bild teilen",
    "improve.not_shared": (
        "Das Warehouse ist nicht erreichbar, es wurde nichts geteilt. Versuchen Sie es in einer Minute "
        "noch einmal."
    ),
    "improve.thanks": (
        "Danke: das Bild ist geteilt. Bewahren Sie diesen Code auf. Niemand kann ihn Ihnen noch einmal "
        "geben, und wer ihn hat, kann das Bild zurückholen."
    ),
    "improve.keep": "Code als Datei aufbewahren",
    "improve.file": "Der Code, der Ihr Foto von SightScan zurückholt: {code}\n",
    "improve.another": "Noch ein Foto teilen",
    "improve.back": "Ein Foto zurückholen",
    "improve.code": "Ihr Code",
    "improve.see": "Sehen, was daraus wurde",
    "improve.withdraw": "Zurückholen",
    "improve.misspelt": "Das ist kein Code: er hat sieben Gruppen aus vier Buchstaben und Ziffern.",
    "improve.no_such_code": "Mit diesem Code wurde hier nichts geteilt.",
    "improve.withdrawn": (
        "Es ist zurückgeholt: es wird aus der Datenbank und ihrem Speicher für Fotos gelöscht, meist "
        "innerhalb einer Minute. Frühere Sicherungen enthalten es, bis sie gelöscht werden, in der "
        "Voreinstellung höchstens fünf Wochen; ein Rechner, der damit trainiert hat, löscht es, bevor er "
        "wieder gebraucht wird."
    ),
    "shared.received": "Es ist angekommen und wird bald angesehen.",
    "shared.in_review": "Es wartet darauf, dass jemand es ansieht.",
    "shared.accepted": "Es wurde angenommen, und Detektoren können daraus lernen.",
    "shared.rejected": (
        "Es wurde angesehen und nicht angenommen: kein Detektor lernt daraus. Sie können es trotzdem "
        "zurückholen."
    ),
    "shared.refused": (
        "Es wurde nicht behalten. Es ist zu klein oder beschädigt; oder es gleicht einem Foto, das "
        "entfernt oder zurückgeholt wurde; oder es kam ohne die verlangte Lizenz; oder für seine "
        "Sehenswürdigkeit werden keine Fotos mehr genommen."
    ),
    "shared.removed": (
        "Es wurde entfernt: aus der Datenbank ist es gelöscht. Frühere Sicherungen können es noch einige "
        "Wochen enthalten."
    ),
    "shared.other": "Um zu sagen, was daraus wurde, ist diese App zu alt.",
    "detect.ask": "Diese Stadt wünschen",
    "shared.withdrawn": (
        "Es wurde zurückgeholt: aus der Datenbank ist es gelöscht. Frühere Sicherungen können es noch "
        "einige Wochen enthalten."
    ),
    # Every page
    "page.detect": "Erkennen",
    "page.help": "Hilfe",
    "page.about": "Über",
    "settings.wrong": "Diese App ist falsch eingestellt. Woran es liegt (auf Englisch): {detail}",
    "model.refused": "Der Detektor wird nicht benutzt. Woran es liegt (auf Englisch): {detail}",
    "sights.one": "1 Sehenswürdigkeit",
    "sights.many": "{count} Sehenswürdigkeiten",
    "photos.one": "1 Foto",
    "photos.many": "{count} Fotos",
    "age.now": "gerade eben",
    "age.minutes": "vor {count} Minuten",
    "age.hours": "vor {count} Stunden",
    "age.days": "vor {count} Tagen",
    # Detect
    "detect.title": "Was sehe ich da?",
    "detect.lead": (
        "Stadt wählen, Foto zeigen oder Kamera hinhalten: SightScan nennt ihre Sehenswürdigkeiten."
    ),
    "detect.no_city": (
        "SightScan kennt noch keine Stadt. Sobald eine dazukommt, erscheint sie hier von selbst."
    ),
    "detect.away.new": (
        "Das Warehouse ist nicht erreichbar, und dieser Rechner hat es noch nie gesehen; darum ist keine "
        "Stadt zu wählen. Die Seite schaut von selbst wieder nach; bleibt es so, hilft die Seite *Hilfe*."
    ),
    "detect.away.known": (
        "Das Warehouse ist nicht erreichbar; das sind die Städte, die es zuletzt nannte ({age}). "
        "Detektoren, die auf diesem Rechner schon benutzt wurden, gehen wie immer."
    ),
    "detect.operator": "Für den, der diese App betreibt (auf Englisch)",
    "detect.type": "Name einer Stadt",
    "detect.choose": "Wählen Sie oben zuerst eine Stadt.",
    "detect.unknown": "Die Stadt „{name}“ kennt SightScan hier nicht.",
    "detect.unknown.near": "Meinen Sie eine von diesen: {names}?",
    "detect.unknown.list": "Wählen Sie eine aus der Liste.",
    "detect.all": "Jeden Namen ab {percent} Sicherheit zeigen",
    "detect.all.help": (
        "Aus: jede Sehenswürdigkeit wird ab der Sicherheit gezeigt, mit der dieser Detektor vor seiner "
        "Veröffentlichung beurteilt wurde. An: es wird mehr gezeigt, und mehr davon ist falsch."
    ),
    "detect.from": "Sehenswürdigkeiten ab dieser Sicherheit zeigen",
    "detect.from.help": "Niedriger zeigt mehr und irrt öfter; höher zeigt nur, was sicher ist.",
    "detect.fetching": "Der Detektor wird geholt ({megabytes} MB, nur einmal)",
    "detect.figures": "mAP50 {map50}, mAP50-95 {map50_95}; veröffentlicht {day}; {signature}.",
    "detect.knows.one": "Die eine Sehenswürdigkeit, die er kennt",
    "detect.knows.many": "Die {count} Sehenswürdigkeiten, die er kennt",
    "detect.knows.list": "Sehenswürdigkeiten, die er kennt",
    "detect.other_model": (
        "{city} hat einen anderen Detektor: Version {version} statt {before}. Er ist schon in Gebrauch."
    ),
    "signature.checked": "seine Datei ist mit einem Schlüssel unterschrieben, dem diese App vertraut",
    "signature.none": "seine Datei ist nicht unterschrieben",
    "signature.unchecked": (
        "seine Datei ist unterschrieben; diese App hat keinen Schlüssel, um das zu prüfen"
    ),
    # A city that has no detector
    "city.preparing": "in Vorbereitung",
    "city.waiting": "gewünscht, noch nicht zugelassen",
    "city.refused": "abgelehnt",
    "city.elsewhere": "nicht auf diesem Rechner",
    "city.long": (
        "Der Detektor für {city} ist noch nicht fertig: {stage}. Bisher {sights}, {photos}, davon "
        "{labelled} beschriftet. Diese Seite bemerkt von selbst, wenn er veröffentlicht ist."
    ),
    "city.added": "die Stadt ist bekannt, ihr erster Lauf steht noch aus",
    "city.discovered": "ihre Sehenswürdigkeiten sind bekannt, Fotos werden gesammelt",
    "city.crawled": "Fotos sind da, als Nächstes werden sie beschriftet",
    "city.labelled": "Fotos sind beschriftet, als Nächstes wird trainiert",
    "city.other": "um zu sagen, wie weit er ist, ist diese App zu alt",
    "city.votes.one": "Ein Detektor für {city} hat eine Stimme.",
    "city.votes.many": "Ein Detektor für {city} hat {count} Stimmen.",
    "city.waiting.long": (
        "Er ist noch nicht zugelassen: gebaut wird erst, wenn der, der SightScan betreibt, die Stadt "
        "zulässt. Diese Seite bemerkt es von selbst."
    ),
    "city.refused.long": "Er wurde abgelehnt. Der angegebene Grund: {reason}",
    "city.refused.unsaid": "keiner.",
    # How good a detector is
    "quality.counted": (
        "nennt auf {own} Fotos seiner Sehenswürdigkeiten, aus denen er nie gelernt hat, eine richtig; von "
        "den Fotos ohne eine davon bekamen {strangers} einen Namen"
    ),
    "quality.untried": (
        "nennt auf {own} Fotos seiner Sehenswürdigkeiten, aus denen er nie gelernt hat, eine richtig; wie "
        "oft er einen Namen nennt, wo keine davon ist, wurde nicht gezählt"
    ),
    "quality.of": "{count} von {all}",
    "quality.older": (
        "findet {share} Sehenswürdigkeiten auf {photos}, aus denen er nie gelernt hat, und nennt die, bei "
        "denen er sicher ist"
    ),
    "quality.few": "kaum",
    "quality.all": "fast alle",
    "quality.tenths": "etwa {tenths} von 10",
    # Photos
    "photo.tab": "Foto",
    "photo.taken_in": "Fotos aus {city}",
    "photo.limits": (
        "Die Fotos bleiben im Speicher dieses Servers, solange Sie sie ansehen; keines wird aufbewahrt. "
        "Höchstens {most} auf einmal, jedes mit höchstens {megabytes} MB."
    ),
    "photo.not_taken": (
        "Eine rot markierte Datei wurde nicht genommen. Ein Foto darf höchstens {megabytes} MB haben, "
        "alle zusammen dreimal so viel: entfernen Sie sie, und wählen Sie eine kleinere Kopie."
    ),
    "photo.camera": "Ein Foto mit der Kamera dieses Geräts aufnehmen",
    "photo.shot": "Ein Foto",
    "photo.again": "Noch einmal versuchen",
    "name.sure": "Das ist: {name}",
    "name.probable": "Wahrscheinlich: {name}",
    "name.perhaps": "Vielleicht: {name}",
    "photo.found": "Gefunden",
    "photo.found.none": "Keine Sehenswürdigkeit gefunden",
    "photo.nothing": "Nichts gefunden",
    "photo.nothing.long": (
        "Auf diesem Foto wurde keine Sehenswürdigkeit von {city} gefunden. Lassen Sie oben weniger "
        "sichere Namen zeigen, oder versuchen Sie ein Foto, das mehr vom Gebäude zeigt."
    ),
    "photo.download": "Bild herunterladen",
    "photo.details": "Einzelheiten",
    "photo.took": (
        "{milliseconds} ms für das Foto von {width} x {height} Pixeln, dem Modell gezeigt als "
        "{model_width} x {model_height}."
    ),
    "photo.sight": "Sehenswürdigkeit",
    "photo.confidence": "Sicherheit",
    # What may be wrong with one
    "refused.heavy": (
        "{file} hat {megabytes} MB, höchstens {most} MB sind möglich; wählen Sie eine kleinere Kopie des Fotos."
    ),
    "refused.empty": "{file} ist leer; wählen Sie eine andere Datei.",
    "refused.form": (
        "{file} ist {form}, das hier nicht gelesen wird; speichern Sie es als JPEG, und wählen Sie das."
    ),
    "refused.bomb": (
        "{file} hat mehr Pixel als die möglichen {most} Megapixel; wählen Sie eine kleinere Kopie des Fotos."
    ),
    "refused.no_photo": f"{{file}} ist kein Foto der Arten {_FORMS}; wählen Sie eine andere Datei.",
    "refused.video": (
        "{file} ist ein Video; öffnen Sie die Kamera auf einer eigenen Seite, und wählen Sie es dort: Ihr "
        "eigenes Gerät sieht es an."
    ),
    "refused.forms": _FORMS,
    "refused.large": (
        "{file} hat {width} x {height} Pixel, höchstens {most} Megapixel sind möglich; wählen Sie eine "
        "kleinere Kopie des Fotos."
    ),
    "refused.large.form": (
        "{file} hat {width} x {height} Pixel, als {form} sind höchstens {most} Megapixel möglich; wählen "
        "Sie eine kleinere Kopie des Fotos."
    ),
    "refused.small": (
        "{file} hat nur {width} x {height} Pixel; wählen Sie ein Foto mit mindestens {least} Pixeln an "
        "jeder Seite."
    ),
    "refused.damaged": "{file} ist beschädigt und lässt sich nicht zeigen; wählen Sie eine andere Kopie davon.",
    "refused.report": "Das Foto ist auch verkleinert zu groß; senden Sie ein anderes.",
    "busy.photos": (
        "Fotos anderer Leute brauchen gerade allen Platz dieses Servers; versuchen Sie es in ein paar "
        "Sekunden noch einmal."
    ),
    "failed.model": (
        "Das Modell ist an einem Bild von {width} x {height} Pixeln gescheitert ({cause}); versuchen Sie "
        "ein anderes Bild."
    ),
    "detector.away": (
        "Der Detektor für {city} (Version {version}) ist noch nicht auf diesem Rechner, und das Warehouse "
        "ist nicht erreichbar; wählen Sie eine Stadt, die hier schon benutzt wurde, oder versuchen Sie es "
        "später noch einmal."
    ),
    "detector.gone": (
        "Der Detektor für {city} (Version {version}) ist nicht mehr veröffentlicht; laden Sie die Seite "
        "neu, dann kommt der, der an seiner Stelle ist."
    ),
    "detector.no_room": (
        "Der Detektor für {city} lässt sich nicht in {folder} aufbewahren und wird von nirgends sonst "
        "verschickt; schaffen Sie dort Platz, oder setzen Sie MODEL_CACHE_DIR anders."
    ),
    # The camera
    "live.tab": "Live",
    "live.how": (
        "Ihr Browser sieht sich den Film selbst an. Kann er das nicht, sendet er ein Foto je Sekunde an "
        "diesen Server, der es ansieht und keines aufbewahrt."
    ),
    "live.own_page": "Kamera auf einer eigenen Seite öffnen",
    # Help
    "help.steps": """## In vier Schritten
1. **Eine Stadt wählen.** Jede Stadt hat ihren eigenen Detektor. Er wird einmal geholt und bleibt auf
   dem Rechner, auf dem diese App läuft.
2. **Fotos zeigen oder die Kamera öffnen.** Ziehen Sie Fotos in den Reiter *Foto*, oder nehmen Sie dort
   eines auf; oder öffnen Sie die Kamera im Reiter *Live*, und erlauben Sie sie. Ein Video sieht sich die
   Seite an, zu der der Reiter *Live* führt.
3. **Die Namen lesen.** Jede Sehenswürdigkeit bekommt einen Kasten, einen Punkt und ihren Namen; die
   Liste neben dem Bild sagt dasselbe, so sicher, wie der Detektor ist. Gezeigt wird jede ab der
   Sicherheit, mit der der Detektor vor seiner Veröffentlichung beurteilt wurde.
4. **Einen Namen drücken**, um zu lesen, was über die Sehenswürdigkeit bekannt ist. *Falscher Name* und
   *Eine Sehenswürdigkeit fehlt* sagen denen, die SightScan betreiben, was sie ansehen sollten.

## Wenn eine Sehenswürdigkeit fehlt
- Zeigen Sie das ganze Gebäude, bei Tageslicht, von dort, wo man es meist fotografiert.
- Lassen Sie weniger sichere Namen zeigen, mit dem Schalter neben der Stadt (bei älteren Detektoren ein
  Regler). Es wird mehr gezeigt, und mehr davon ist falsch.
- Öffnen Sie *Die Sehenswürdigkeiten, die er kennt*: was nicht in der Liste steht, wird nicht gefunden.
""",
    "help.trouble": """## Wenn etwas nicht geht
| was Sie sehen | was zu tun ist |
|---|---|
| **Das Warehouse ist nicht erreichbar** | Nichts, wenn Ihre Stadt hier schon benutzt wurde: ihr Detektor geht auch so. Sonst warten Sie; die Seite schaut von selbst wieder nach. Wer die App betreibt, prüft `PGHOST`, `PGPORT`, `PGDATABASE`, `PGUSER` und `PGPASSWORD`. |
| **Der Detektor ist noch nicht fertig** | Die Stadt wird vorbereitet. Die Seite bemerkt von selbst, wenn es so weit ist. |
| **Gewünscht, noch nicht zugelassen** | Jemand hat sich diese Stadt gewünscht. Gebaut wird erst, wenn der, der SightScan betreibt, sie zulässt; die Seite bemerkt es von selbst. |
| **Abgelehnt** | Wer SightScan betreibt, baut diese Stadt nicht; die Seite sagt, warum. |
| **Der Detektor wird nicht benutzt** | Was veröffentlicht ist, ist nicht, was es sein sollte. Wer SightScan betreibt, veröffentlicht das Modell noch einmal. |
| **Die Kamera startet nicht** | Erlauben Sie sie im Browser (das Kamerazeichen in der Adresszeile). Außer auf `localhost` geben Browser die Kamera nur Seiten mit `https`. |
| **Der Server hat keinen Platz** | Große Fotos anderer Leute werden gerade angesehen. Versuchen Sie es in ein paar Sekunden noch einmal. |
| **Das Foto wird abgelehnt** | Wählen Sie {forms} mit höchstens {megabytes} MB und höchstens {whole} Megapixeln; ein JPEG darf {jpeg} haben. |
""",
    # About
    "about.title": "Über SightScan",
    "about.what": (
        "SightScan bekommt den Namen einer Stadt und gibt einen Detektor ihrer Sehenswürdigkeiten zurück. "
        "Es schlägt die Sehenswürdigkeiten nach, sammelt freie Fotos davon, lässt sie beschriften, "
        "trainiert ein Netz damit und veröffentlicht es nur, wenn es auf Fotos, die kein Training gesehen "
        "hat, besser ist als das eingesetzte."
    ),
    "about.detectors": "Eingesetzte Detektoren",
    "about.none": "Noch keiner.",
    "about.city": "Stadt",
    "about.version": "Version",
    "about.published": "veröffentlicht",
    "about.sights": "Sehenswürdigkeiten",
    "about.named": "Fotos seiner Sehenswürdigkeiten, die er benannt hat",
    "about.named.unknown": "nicht gezählt",
    "about.strangers": "andere Fotos, die einen Namen bekamen",
    "about.strangers.unknown": "nicht versucht",
    "about.measured": (
        "Auf Fotos, die kein Training gesehen hat, ab der Sicherheit, die jeder Detektor gewählt hat."
    ),
    "about.debug": "Debug: die Zahlen",
    "about.test_photos": "Testfotos",
    "about.privacy": """## Ihre Bilder
Fotos auf der Seite *Erkennen* werden im Speicher des Rechners angesehen, auf dem diese App läuft, und
vergessen, wenn Sie die Seite schließen. Filme, die der Kamera und die aus einer Datei, sieht Ihr
eigener Browser an; wo er das nicht kann, wird ein Foto je Sekunde aus der Kamera angesehen wie jedes
andere. Aufbewahrt oder weitergegeben wird nichts, außer dem, was Sie selbst senden, nachdem Sie es
gesehen haben: was Sie unter *Mithelfen* teilen, bis Sie es zurückholen, und das Bild einer Meldung
(„Falscher Name“, „Eine Sehenswürdigkeit fehlt“), bis hier jemand es angesehen hat, höchstens drei
Monate. Bevor eines von beiden gespeichert wird, werden Gesichter und Nummernschilder, die darin gefunden
werden, unkenntlich gemacht; nicht alle werden gefunden. Sicherungen enthalten, was da war, als sie
entstanden, in der Voreinstellung höchstens fünf Wochen lang.
""",
    "about.credits": """## Wessen Arbeit darin steckt
- **Fotos.** Die Detektoren haben aus Fotos gelernt, die ihre Urheber unter freien Lizenzen
  veröffentlicht haben, die meisten auf Wikimedia Commons. Urheber, Lizenz und Seite jedes Fotos sind
  bei ihm aufgehoben, und ein Foto, das zurückgezogen wird, wird entfernt.
- **Sehenswürdigkeiten.** Namen, Orte und Kennungen kommen aus Wikidata (CC0).
- **Netz.** YOLOv5 von Ultralytics (AGPL-3.0); hier läuft es mit ONNX Runtime.
- **Diese App.** Streamlit, ONNX Runtime, OpenCV, Pillow, libheif; Buchstaben in Source Sans (OFL).
""",
    # What Streamlit writes by itself, in English only: the English is its own
    "widget.upload": "Hochladen",
    "widget.add_files": "Weitere Dateien",
    "widget.drag_one": "Eine Datei hierher ziehen",
    "widget.drag_many": "Dateien hierher ziehen",
    "widget.per_file": "höchstens {megabytes} MB je Datei",
    "widget.camera_wants": "Diese App möchte Ihre Kamera benutzen.",
    "widget.camera_how": "Wie man sie erlaubt.",
    "widget.take": "Foto aufnehmen",
    "widget.clear_photo": "Foto verwerfen",
    "widget.switch_camera": "Andere Kamera",
    "widget.no_results": "Nichts gefunden",
    "widget.skip": "Zum Inhalt",
    "widget.heading": "Verweis auf diese Überschrift",
    "widget.open": "Öffnen",
    "widget.clear_value": "Leeren",
    "widget.help": "Hilfe",
    "widget.pages": "Seiten der App",
    "widget.enter": "Eingabetaste übernimmt",
    "widget.enter_form": "Eingabetaste sendet ab",
    "widget.fullscreen": "Vollbild",
    "widget.fullscreen_of": "Vollbild: {{}}",
    "widget.close_fullscreen": "Vollbild schließen",
    "widget.close_fullscreen_of": "Vollbild schließen: {{}}",
    "widget.add_option": "Eingeben: {{}}",
    "widget.options": "Auswahl",
    "widget.too_large": "Die Datei darf höchstens {{}} groß sein.",
    "widget.wrong_kind": "Dateien der Art {{}} sind nicht möglich.",
    "widget.one_file": "Es ist nur eine Datei möglich.",
    "widget.too_small": "Die Datei ist zu klein.",
    "widget.failed": "Unerwarteter Fehler. Bitte noch einmal versuchen.",
    "widget.file_input": "Datei auswählen",
    # Which one is drawn, its name says in English.
    "widget.icon": "Symbol",
    "widget.loading": "Wird geladen",
    "widget.columns": "Spalten zeigen oder verbergen",
    "widget.csv": "Als CSV herunterladen",
    "widget.search": "Suchen",
    "widget.close_search": "Suche schließen",
    "widget.previous": "Voriger Treffer",
    "widget.next": "Nächster Treffer",
    "widget.column_menu": "Menü der Spalte",
    "widget.copy_column": "Namen der Spalte kopieren",
}
