/** Dates without the ambient `Date`: from Unix time to year, month and day (Howard Hinnant's days-from-civil, inverted). */
export interface CivilTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly millisecond: number;
}

const DAY_MS = 86_400_000;
const DAYS_PER_ERA = 146_097;

/** @param unixMs milliseconds since 1970, shifted by the time zone's offset if local time is wanted. */
export function civilTime(unixMs: number): CivilTime {
  const days = Math.floor(unixMs / DAY_MS);
  const inDay = unixMs - days * DAY_MS;
  // Eras of 400 years that start on 1 March 0000: leap days fall on the end of a year.
  const shifted = days + 719_468;
  const era = Math.floor(shifted / DAYS_PER_ERA);
  const dayOfEra = shifted - era * DAYS_PER_ERA;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
    hour: Math.floor(inDay / 3_600_000),
    minute: Math.floor(inDay / 60_000) % 60,
    second: Math.floor(inDay / 1000) % 60,
    millisecond: inDay % 1000,
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** "20 Nov 2026 09:05:07.042", the time stamp of Redis' log lines. */
export function formatLogTime(unixMs: number): string {
  const time = civilTime(unixMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${two(time.day)} ${MONTHS[time.month - 1]!} ${time.year}`;
  const milliseconds = String(time.millisecond).padStart(3, '0');
  return `${date} ${two(time.hour)}:${two(time.minute)}:${two(time.second)}.${milliseconds}`;
}
