/** What keeps a command from doing its work; the message is all that its user needs. */
export class Failure extends Error {
  override name = 'Failure';
}
