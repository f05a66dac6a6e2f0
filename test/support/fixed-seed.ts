/**
 * `npm test` draws the same cases each time, so that a change fails it and luck does not. New cases are looked for by
 * `npm run fuzz`, by `npm run twin`, and by `FC_SEED=<number> npm test`.
 */
import * as fc from 'fast-check';

export const FIXED_SEED = Number(process.env['FC_SEED'] ?? 20_240_109);

fc.configureGlobal({ seed: FIXED_SEED });
