const NUMBER = new Intl.NumberFormat("en-US");

/** `10,000` */
export const number = (value: number): string => NUMBER.format(value);

/** `1 session`, `10,000 sessions` */
export const count = (value: number, noun: string): string =>
  `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

/** Writes a share from 0 to 1: `25.4 %` */
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Writes a number with its sign: `+2.5 %` */
export function deviation(percents: number): string {
  const digits = Math.abs(percents).toFixed(1);
  return `${percents < 0 && digits !== "0.0" ? "−" : "+"}${digits} %`;
}

/** `4.1 s` */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;

/** Writes a time of ISO 8601: `2026-11-24 11:57:50 UTC` */
export const time = (iso: string): string => iso.replace(/^(\S+)T([\d:]+).*$/, "$1 $2 UTC");
