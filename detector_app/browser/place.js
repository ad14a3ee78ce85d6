/**
 * What a place says of a name: a sight that cannot be seen from there is not named, and of two that look
 * alike the one that can be is. Numbers in, numbers out: where they come from is `place_sense.js`.
 *
 * For each box there are three stories: it is the class that the model names, it is the next likely one,
 * or it is neither. The model's calibrated confidences say how likely each was before the place was
 * known; the place and the compass say how much likelier each is to be told here than anywhere in the
 * city (Bayes' rule).
 */

const EARTH_RADIUS_METERS = 6_371_000;
/**
 * How much likelier a photo of a sight is taken at a distance, as a share of that from which it can be
 * recognised, than a photo of anything: most are taken near, none from where it cannot be seen.
 */
const WEIGHT_BY_DISTANCE = [
  [0, 4],
  [0.25, 4],
  [0.75, 1],
  [1, 0],
];
/** How a phone's compass errs, and how often it is of no use at all: beside iron, or not yet turned. */
const COMPASS_ERROR_DEGREES = 20;
const BAD_COMPASS_SHARE = 0.2;
/** What the main camera of a phone sees from left to right, held upright or across: between 50 and 70. */
const VIEW_ANGLE_DEGREES = 60;
/** A name that the place speaks against has to be likelier than all else. */
const MIN_CONFIDENCE_AGAINST_PLACE = 0.5;
const MIN_HORIZONTAL_SHARE = 0.3;

/**
 * Where somebody stands, and how far that may be wrong; where the camera points, clockwise from north.
 * @typedef {{latitude: number, longitude: number, accuracy: number, heading: number | null}} Standing
 * @typedef {{latitude: number, longitude: number}} Point
 */

/**
 * Weigh what was found by the place.
 * @param {import("./detection.js").Detection[]} detections of a picture `width` pixels wide
 * @param {number} width @param {import("./catalogue.js").Sight[]} sights @param {Standing} standing
 * @returns {import("./detection.js").Detection[]} surest first, without what cannot be seen from there
 */
export function judgeByPlace(detections, width, sights, standing) {
  const byClass = new Map(sights.map((sight) => [sight.class, sight]));
  return detections
    .map((one) => judgeOne(one, (one.box[0] + one.box[2]) / 2 / width, byClass, standing))
    .filter((one) => one !== null)
    .sort((one, other) => other.confidence - one.confidence);
}

function judgeOne(one, across, byClass, standing) {
  const stories = [one, ...(one.rival ? [one.rival] : [])].map((named) => {
    const sight = byClass.get(named.class);
    const near = weightOfDistance(sight, standing);
    return { class: named.class, before: named.confidence, near, ahead: weightOfHeading(sight, standing, across) };
  });
  const [ownByDistance] = weigh(stories, ({ near }) => near);
  const weighed = weigh(stories, ({ near, ahead }) => near * ahead);
  const [own] = weighed;
  const [best] = [...weighed].sort((first, second) => second.confidence - first.confidence);
  // The model's own name stays unless the distance speaks against it; another has to be likelier than all
  // else. A compass that errs makes a name less sure, and takes none.
  const isLikely = best.confidence >= MIN_CONFIDENCE_AGAINST_PLACE;
  const isLeft = own.near >= 1 || ownByDistance.confidence >= MIN_CONFIDENCE_AGAINST_PLACE;
  if (!isLikely && !isLeft) return null;
  const named = isLikely ? best : own;
  const other = weighed.find((story) => story !== named);
  const rival = other && other.confidence > 0 ? { class: other.class, confidence: other.confidence } : null;
  return { ...one, class: named.class, confidence: named.confidence, rival };
}

/** The stories with what each is after Bayes' rule, in their order. */
function weigh(stories, weightOf) {
  const total = stories.reduce((sum, story) => sum + story.before, 0);
  // Two confidences that were calibrated each for itself may be more than one together.
  const scale = Math.max(total, 1);
  const neither = Math.max(0, 1 - total);
  const sum = stories.reduce((all, story) => all + (story.before / scale) * weightOf(story), neither);
  return stories.map((story) => ({
    ...story,
    confidence: sum > 0 ? ((story.before / scale) * weightOf(story)) / sum : 0,
  }));
}

/** How much likelier this place is for a photo of a sight than for one of anything in the city. */
function weightOfDistance(sight, standing) {
  if (!isPlaced(sight) || !sight.view_meters) return 1;
  const distance = distanceMeters(standing, sight);
  const weightAt = (meters) => interpolate(WEIGHT_BY_DISTANCE, meters / sight.view_meters);
  // A place that is known to a kilometre excludes little, so it counts as near as it may be; and it shows
  // little, so for a sight speaks only what holds as far away as it may be.
  const nearest = weightAt(Math.max(0, distance - standing.accuracy));
  return Math.min(nearest, Math.max(1, weightAt(distance + standing.accuracy)));
}

/** The same of where the camera points, for a sight that is `across` the picture, 0 left to 1 right. */
function weightOfHeading(sight, standing, across) {
  if (!isPlaced(sight) || standing.heading === null) return 1;
  const distance = distanceMeters(standing, sight);
  // Who stands beside it, as far as is known, may have it on any side.
  if (distance <= standing.accuracy) return 1;
  const pointed = standing.heading + (across - 0.5) * VIEW_ANGLE_DEGREES;
  const off = Math.abs(turnBetween(pointed, bearingDegrees(standing, sight)));
  const ofPlace = (Math.atan2(standing.accuracy, distance) * 180) / Math.PI;
  const error = Math.hypot(COMPASS_ERROR_DEGREES, ofPlace);
  const peak = 360 / (error * Math.sqrt(2 * Math.PI));
  return BAD_COMPASS_SHARE + (1 - BAD_COMPASS_SHARE) * peak * Math.exp(-(off ** 2) / (2 * error ** 2));
}

function isPlaced(sight) {
  return sight?.latitude != null && sight.longitude != null;
}

/** @param {Point} from @param {Point} to @returns {number} metres on the sphere (haversine) */
export function distanceMeters(from, to) {
  const [latitude, otherLatitude] = [radians(from.latitude), radians(to.latitude)];
  const chord =
    Math.sin((otherLatitude - latitude) / 2) ** 2 +
    Math.cos(latitude) * Math.cos(otherLatitude) * Math.sin(radians(to.longitude - from.longitude) / 2) ** 2;
  return 2 * EARTH_RADIUS_METERS * Math.asin(Math.sqrt(Math.min(chord, 1)));
}

/** @param {Point} from @param {Point} to @returns {number} where it lies, in degrees clockwise from north */
export function bearingDegrees(from, to) {
  const [latitude, otherLatitude] = [radians(from.latitude), radians(to.latitude)];
  const across = radians(to.longitude - from.longitude);
  const east = Math.sin(across) * Math.cos(otherLatitude);
  const north =
    Math.cos(latitude) * Math.sin(otherLatitude) - Math.sin(latitude) * Math.cos(otherLatitude) * Math.cos(across);
  return positive((Math.atan2(east, north) * 180) / Math.PI);
}

/**
 * Where the camera on the back of a device points, from the angles of its orientation
 * (https://www.w3.org/TR/orientation-event/); null where it points to the ground or the sky.
 * @param {number} alpha @param {number} beta @param {number} gamma degrees
 * @returns {number | null} degrees clockwise from north
 */
export function headingOf(alpha, beta, gamma) {
  const [a, b, c] = [radians(alpha), radians(beta), radians(gamma)];
  const east = -Math.cos(a) * Math.sin(c) - Math.sin(a) * Math.sin(b) * Math.cos(c);
  const north = -Math.sin(a) * Math.sin(c) + Math.cos(a) * Math.sin(b) * Math.cos(c);
  if (Math.hypot(east, north) < MIN_HORIZONTAL_SHARE) return null;
  return positive((Math.atan2(east, north) * 180) / Math.PI);
}

/**
 * Put what lies nearest first; what has no place comes last, in its order.
 * @template {{latitude: number | null, longitude: number | null}} Placed
 * @param {Placed[]} all @param {Point} here @returns {Placed[]}
 */
export function nearestFirst(all, here) {
  const far = (one) => (one.latitude == null || one.longitude == null ? Infinity : distanceMeters(here, one));
  const placed = all.map((one) => ({ one, distance: far(one) }));
  return placed.sort((a, b) => (a.distance === b.distance ? 0 : a.distance - b.distance)).map(({ one }) => one);
}

function turnBetween(one, other) {
  return positive(other - one + 180) - 180;
}

function interpolate(points, at) {
  const next = points.findIndex(([x]) => x > at);
  if (next === -1) return points.at(-1)[1];
  if (next === 0) return points[0][1];
  const [[x, y], [nextX, nextY]] = [points[next - 1], points[next]];
  return y + ((nextY - y) * (at - x)) / (nextX - x);
}

function positive(degrees) {
  return ((degrees % 360) + 360) % 360;
}

function radians(degrees) {
  return (degrees * Math.PI) / 180;
}
