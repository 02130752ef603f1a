import type Docker from "dockerode";
import { MIB, RESTART_POLICY } from "./container-arguments.ts";
import { type FoundContainer, inspectEngine } from "./engine-replies.ts";

/** What a container may use of its host. */
export interface Limits {
  /** In bytes. */
  readonly memory: number;
  /** Processes and threads. */
  readonly pids: number;
}

/** Something that `docker update` changed. */
export interface ChangedLimit {
  /** `memory 256m → 512m` */
  readonly words: string;
  /** What the engine is asked for to mend it while the container runs. */
  readonly update: Readonly<Record<string, unknown>>;
}

type HostConfig = FoundContainer["HostConfig"];
type Host = Pick<Awaited<ReturnType<typeof inspectEngine>>, "NCPU" | "SwapLimit">;

/** Finds whatever `docker update` can change and an engine can set back while the container runs. */
export async function changedLimits(docker: Docker, found: HostConfig, limits: Limits) {
  // The engine is asked about its host only if something is not as it was created.
  const isAsCreated = compareLimits(found, limits, { NCPU: Number.POSITIVE_INFINITY, SwapLimit: true });
  return isAsCreated.length === 0 ? [] : compareLimits(found, limits, await inspectEngine(docker));
}

/** Sets limits back, all at once, since some of them bound each other. */
export async function setLimits(docker: Docker, id: string, limits: readonly ChangedLimit[]): Promise<void> {
  if (limits.length === 0) return;
  await docker.getContainer(id).update(Object.assign({}, ...limits.map(({ update }) => update)));
}

/**
 * Tells what `docker update` has set that no engine sets back while the container runs: it takes 0 for "no
 * change", and no other value means "none".
 */
export const lastingLimits = (found: HostConfig): string[] => {
  const { CpusetMems, BlkioWeight, KernelMemory, CpuRealtimePeriod, CpuRealtimeRuntime } = found;
  return [
    ...changed("cpuset-mems", CpusetMems || "all", "all"),
    ...changed("blkio-weight", textOf(BlkioWeight), NONE),
    ...changed("kernel-memory", textOf(KernelMemory), NONE),
    ...changed("cpu-rt-period", textOf(CpuRealtimePeriod), NONE),
    ...changed("cpu-rt-runtime", textOf(CpuRealtimeRuntime), NONE),
  ];
};

const NONE = "none";
/** Of all that Docker counts CPU time by, this means no limit. */
const DEFAULT_SHARES = 1024;
const DEFAULT_PERIOD = 100_000;
const PER_CPU = 1e9;

function compareLimits(found: HostConfig, { memory, pids }: Limits, host: Host): ChangedLimit[] {
  const { NCPU, SwapLimit } = host;
  // The engine's default, which is written as -1 where the host does not count swap.
  const swap = SwapLimit ? 2 * memory : found.MemorySwap;
  const { Memory, MemorySwap, MemoryReservation, NanoCpus, CpuShares, CpusetCpus, PidsLimit } = found;
  const cpus = cpusOf(found) >= NCPU ? "all" : String(cpusOf(found));
  const cpuset = CpusetCpus === "" || countOf(CpusetCpus) >= NCPU ? "all" : CpusetCpus;
  // Memory must never be more than memory and swap.
  const both = { Memory: memory, MemorySwap: swap };
  return [
    mendable("memory", sizeOf(Memory), sizeOf(memory), both),
    mendable("memory-swap", sizeOf(MemorySwap), sizeOf(swap), both),
    mendable("memory-reservation", sizeOf(MemoryReservation), NONE, { MemoryReservation: -1 }),
    mendable("cpus", cpus, "all", NanoCpus > 0 ? { NanoCpus: NCPU * PER_CPU } : { CpuQuota: -1 }),
    mendable("cpu-shares", String(CpuShares || DEFAULT_SHARES), String(DEFAULT_SHARES), {
      CpuShares: DEFAULT_SHARES,
    }),
    mendable("cpuset-cpus", cpuset, "all", { CpusetCpus: `0-${NCPU - 1}` }),
    mendable("pids", textOf(PidsLimit), textOf(pids), { PidsLimit: pids }),
    mendable("restart", found.RestartPolicy.Name || "no", RESTART_POLICY, {
      RestartPolicy: { Name: RESTART_POLICY },
    }),
  ].flat();
}

const changed = (what: string, is: string, shall: string): string[] =>
  is === shall ? [] : [`${what} ${is} → ${shall}`];

const mendable = (what: string, is: string, shall: string, update: ChangedLimit["update"]): ChangedLimit[] =>
  changed(what, is, shall).map((words) => ({ words, update }));

const textOf = (limit: number): string => (limit > 0 ? String(limit) : NONE);

const sizeOf = (bytes: number): string => (bytes > 0 ? `${Math.round(bytes / MIB)}m` : NONE);

/** Of how many processors a container may use the time. */
function cpusOf({ NanoCpus, CpuQuota, CpuPeriod }: HostConfig): number {
  if (NanoCpus > 0) return NanoCpus / PER_CPU;
  return CpuQuota > 0 ? CpuQuota / (CpuPeriod || DEFAULT_PERIOD) : Number.POSITIVE_INFINITY;
}

/** Counts the processors in a list such as `0-2,5`. */
const countOf = (cpuset: string): number =>
  cpuset
    .split(",")
    .map((range) => range.split("-").map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
