/**
 * Progress as words: what is done, how fast, how long it still takes. Pure.
 */

export interface Amount {
  /** What is being made: `image`, a file's name. */
  readonly label: string;
  readonly done: number;
  readonly total?: number | undefined;
  /** Per second. */
  readonly rate: number;
  /** `ids`, `MB`. */
  readonly unit: string;
}

/** `image  32/64 ids · 85.3 ids/s · 0.4 s left` */
export function progressLine({ label, done, total, rate, unit }: Amount): string {
  const amount = total === undefined ? number(done) : `${number(done)}/${number(total)}`;
  const parts = [`${label}  ${amount} ${unit}`];
  if (rate > 0) parts.push(`${number(rate)} ${unit}/s`);
  if (total !== undefined && rate > 0 && done < total) parts.push(`${duration((total - done) / rate)} left`);
  return parts.join(' · ');
}

/** `image  64 ids in 0.8 s · 85.3 ids/s` */
export function summaryLine({ label, done, rate, unit }: Amount): string {
  if (rate <= 0) return `${label}  ${number(done)} ${unit}`;
  return `${label}  ${number(done)} ${unit} in ${duration(done / rate)} · ${number(rate)} ${unit}/s`;
}

/** Seconds → `0.4 s`, `12 s`, `2 min 05 s`, `3 h 07 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${pad(whole % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** Seconds → `1.24 s`, `2 min 05 s`. */
export function soundLength(seconds: number): string {
  return seconds < 59.5 ? `${seconds.toFixed(2)} s` : duration(seconds);
}

/** Bytes → `812 bytes`, `34.5 MB` (10⁶). */
export function size(bytes: number): string {
  if (bytes < 1e3) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
}

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
const pad = (value: number): string => String(value).padStart(2, '0');
