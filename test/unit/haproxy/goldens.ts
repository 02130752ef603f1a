const MODES = ["sticky", "hash"] as const;
const COUNTS = [0, 1, 3, 12] as const;

/** The stacks of which a whole haproxy.cfg is kept. `UPDATE_GOLDEN=1 vitest run --project unit` writes them anew. */
export const GOLDENS = MODES.flatMap((mode) =>
  COUNTS.map((count) => ({ what: `${mode}-${count}`, mode, count, file: new URL(`golden/${mode}-${count}.cfg`, import.meta.url) })),
);
