/**
 * Tells the user what happens, a line each.
 * @param kind whether the line tells what came of something, or what is waited for, which the next line
 *   replaces
 */
export type Report = (line: string, kind?: "progress" | "outcome") => void;
