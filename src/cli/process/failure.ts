/** An error that a command reports to its user by its message only. */
export class Failure extends Error {
  override name = 'Failure';
}

/** The thread that was asked has ended. */
export class ThreadEnded extends Failure {}
