/** A base class that adds private fields to an existing object. */
export class ReturnOverride {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is what adds them
    return object;
  }
}
