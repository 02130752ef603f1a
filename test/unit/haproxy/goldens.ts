/** The modes and counts of which a whole haproxy.cfg is kept. */
export const MODES = ["sticky", "hash"] as const;
export const SIZES = [0, 1, 3, 12] as const;

/** Where the file is. `UPDATE_GOLDEN=1 vitest run --project unit` writes it anew. */
export const goldenFile = (mode: string, count: number): URL => new URL(`golden/${mode}-${count}.cfg`, import.meta.url);
