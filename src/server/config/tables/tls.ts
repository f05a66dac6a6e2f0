/** Parameters of TLS. They are kept and shown; switching TLS on is refused, see config.ts and supported.ts. */
import { bool, choice, integer, INT_MAX, optionalText } from '../parameter.ts';

/** A file is read again on every SET, as it may have changed behind an unchanged name. */
const file = { alwaysApplies: true } as const;

export const tlsParameters = [
  integer('tls-port', 0, 0, 65535),
  bool('tls-replication', false),
  bool('tls-cluster', false),
  choice('tls-auth-clients', 'yes', ['no', 'yes', 'optional']),
  bool('tls-prefer-server-ciphers', false),
  bool('tls-session-caching', true),
  integer('tls-session-cache-size', 20480, 0, INT_MAX),
  integer('tls-session-cache-timeout', 300, 0, INT_MAX),
  optionalText('tls-cert-file', file),
  optionalText('tls-key-file', file),
  optionalText('tls-key-file-pass'),
  optionalText('tls-client-cert-file', file),
  optionalText('tls-client-key-file', file),
  optionalText('tls-client-key-file-pass'),
  optionalText('tls-dh-params-file', file),
  optionalText('tls-ca-cert-file', file),
  optionalText('tls-ca-cert-dir', file),
  optionalText('tls-protocols'),
  optionalText('tls-ciphers'),
  optionalText('tls-ciphersuites'),
] as const;
