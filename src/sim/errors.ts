/** What the simulator throws. */

/** A rule of the ports was broken, or the simulator was used wrongly. Never an answer to a simulated fault. */
export class SimulationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SimulationError';
  }
}

/** A killed node called a port. The scheduler swallows it while the event that killed the node unwinds. */
export class DeadNodeError extends SimulationError {
  constructor(node: string) {
    super(`${node} is dead and called a port of its host`);
    this.name = 'DeadNodeError';
  }
}

/** Two runs from one seed went different ways. */
export class NondeterminismError extends SimulationError {
  constructor(message: string) {
    super(message);
    this.name = 'NondeterminismError';
  }
}
