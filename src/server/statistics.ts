const CODE_LENGTH_MAX = 31;

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
  /** Estimated share of keys whose time has passed and that are still there, in percent. */
  expiredStalePercent = 0;
  /** How often the active expire cycle stopped because its time was up. */
  expireTimeCapsReached = 0;
  expireCycleUs = 0;
  /** Keys and large values that were freed in slices. */
  lazyFreedObjects = 0;
  /** Error replies by code: "ERR", "WRONGTYPE". */
  readonly errorsByCode = new Map<string, number>();

  /** @param text of an error reply. Its code is the first word, if that is short enough to be one. */
  countError(text: string): void {
    this.errorReplies++;
    const space = text.indexOf(' ');
    const code = space < 0 || space > CODE_LENGTH_MAX ? 'ERR' : text.slice(0, space);
    this.errorsByCode.set(code, (this.errorsByCode.get(code) ?? 0) + 1);
  }

  reset(): void {
    for (const [name, value] of Object.entries(this)) {
      if (typeof value === 'number') (this as unknown as Record<string, number>)[name] = 0;
    }
    this.errorsByCode.clear();
  }
}
