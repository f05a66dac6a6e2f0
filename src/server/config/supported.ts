/**
 * What a configuration may ask for and this server cannot give.
 *
 * Most parameters that have no meaning here (io-threads, CPU lists, huge pages, ...) are accepted and do nothing,
 * because no client can tell. The few whose absence a client or an operator would meet stop the start instead.
 */
import type { Config } from './config.ts';
import type { Directives } from './grammar.ts';

/** Log lines, level warning, that say why the server cannot start; none when it can. */
export function unsupportedReasons(config: Config, directives: Directives): string[] {
  const { values } = config;
  const module = directives.modules[0];
  if (values['tls-port'] !== 0 || values['tls-replication'] || values['tls-cluster']) {
    return [
      'TLS is not supported: tls-port must be 0, tls-replication and tls-cluster must be no.',
      'Failed to configure TLS. Check logs for more info.',
    ];
  }
  if (module !== undefined) {
    return [
      `Module ${module.path} failed to load: modules are not supported`,
      `Can't load module from ${module.path}: server aborting`,
    ];
  }
  if (directives.moduleParameters.size > 0) {
    return ['Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting'];
  }
  return [];
}
