/** A base class for private fields that are added to an object which exists already. */
export class ReturnOverride {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: it is what adds them
    return object;
  }
}
