"""Was die Seiten sagen, auf Deutsch."""

from typing import Final

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
        "und nimmt es an oder lehnt es ab. Angenommen trainiert und prüft es Detektoren, steht mit "
        "Namensnennung auf der Seite *Modelle* und kann dort gezeigt werden. An andere Dienste wird es "
        "nicht geschickt. Sie bekommen einen Code, der es zurückholt; ein Detektor, der bis dahin daraus "
        "gelernt hat, bleibt bis zum nächsten, wie er ist."
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
    "improve.no_such_code": (
        "Mit diesem Code wurde hier nichts geteilt, oder es wurde zurückgeholt, bevor es angesehen wurde."
    ),
    "improve.withdrawn": (
        "Es ist zurückgeholt: seine Bytes werden aus allen Tabellen und Speichern gelöscht, meist "
        "innerhalb einer Minute."
    ),
    "shared.received": "Es ist angekommen und wird bald angesehen.",
    "shared.in_review": "Es wartet darauf, dass jemand es ansieht.",
    "shared.accepted": "Es wurde angenommen, und Detektoren können daraus lernen.",
    "shared.rejected": (
        "Es wurde angesehen und nicht angenommen: kein Detektor lernt daraus. Sie können es trotzdem "
        "zurückholen."
    ),
    "shared.refused": (
        "Es wurde nicht behalten: es ist zu klein, beschädigt oder von einer Sehenswürdigkeit, für die "
        "keine Fotos mehr genommen werden."
    ),
    "shared.removed": "Es wurde entfernt: seine Bytes sind gelöscht.",
    "shared.other": "Um zu sagen, was daraus wurde, ist diese App zu alt.",
    "detect.ask": "Diese Stadt wünschen",
    "shared.withdrawn": "Es wurde zurückgeholt: seine Bytes sind gelöscht.",
}
