/** Tells the user what happens, a line each. */
export type Report = (line: string) => void;
