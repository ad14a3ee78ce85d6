/** One kind of error for all that a person is told: which sentence of `texts/`, and what is put into it. */
export class Refusal extends Error {
  /** @param {string} key of a sentence @param {Record<string, string | number>} values for its places */
  constructor(key, values = {}) {
    super(`${key} ${JSON.stringify(values)}`);
    this.name = "Refusal";
    this.key = key;
    this.values = values;
    /** After how long the same may work; 0: nobody said so. */
    this.retryAfterMs = 0;
  }
}

/**
 * Return an error as one that has a sentence; what nobody foresaw has a common one with its cause.
 * @param {unknown} error @param {string} [key] of the common sentence @returns {Refusal}
 */
export function asRefusal(error, key = "unforeseen") {
  if (error instanceof Refusal) return error;
  return new Refusal(key, { cause: error instanceof Error ? error.message : String(error) });
}
