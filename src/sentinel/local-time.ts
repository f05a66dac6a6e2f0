/** Time as C's ctime writes it: "Fri Nov 20 15:35:25 2026". */
import { civilTime } from '../core/calendar.ts';

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAY_MS = 86_400_000;

export function formatLocalTime(unixMs: number, offsetMinutes: number): string {
  const localMs = unixMs + offsetMinutes * 60_000;
  const { year, month, day, hour, minute, second } = civilTime(localMs);
  const weekday = DAYS[((Math.floor(localMs / DAY_MS) % 7) + 7) % 7];
  const clock = [hour, minute, second].map((part) => String(part).padStart(2, '0')).join(':');
  return `${weekday} ${MONTHS[month - 1]} ${String(day).padStart(2, ' ')} ${clock} ${year}`;
}
