/** Errors of the embedding API. The code is stable; the message names the option and the remedy. */
export type ErrorCode =
  | 'ERR_PORT_IN_USE'
  | 'ERR_CANNOT_LISTEN'
  | 'ERR_CANNOT_LOAD'
  | 'ERR_BAD_CONFIG'
  | 'ERR_BAD_OPTION'
  | 'ERR_BAD_ARGUMENT'
  | 'ERR_NOT_RUNNING'
  | 'ERR_CONNECTION_CLOSED'
  | 'ERR_MANUAL_CLOCK'
  | 'ERR_NOT_STABLE';

export class ResplicaError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ResplicaError';
    this.code = code;
  }
}
