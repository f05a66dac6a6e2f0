/** Exit statuses of `resplica sim`. */
export const EXIT = { fine: 0, broken: 1, usage: 2, notCovered: 3 } as const;
