/** Counters of INFO stats. Plain fields: the hot path increments them. */
export class Statistics {
  connectionsReceived = 0;
  connectionsRejected = 0;
  commands = 0;
  inputBytes = 0;
  outputBytes = 0;
  replicationInputBytes = 0;
  replicationOutputBytes = 0;
  reads = 0;
  writes = 0;
  errorReplies = 0;
  unexpectedErrorReplies = 0;
  /** Requests refused before they ran. */
  rejectedByDispatch = 0;
  evictedKeys = 0;
  evictedClients = 0;
  fullSyncs = 0;
  partialSyncsAccepted = 0;
  partialSyncsRefused = 0;
  dumpPayloadSanitizations = 0;
  /** Error replies by code: "ERR", "WRONGTYPE". */
  readonly errorsByCode = new Map<string, number>();

  reset(): void {
    for (const [name, value] of Object.entries(this)) {
      if (typeof value === 'number') (this as unknown as Record<string, number>)[name] = 0;
    }
    this.errorsByCode.clear();
  }
}
