import { z } from "zod";
import type { AppFiles } from "../docker/app-files.ts";
import type { Engine } from "../docker/engine.ts";
import { dockerWords, EngineError, hasStatus } from "../docker/engine-error.ts";
import {
  definitionName,
  type Labels,
  labelFilter,
  labelsOf,
  STACK_LABEL,
  STATE_LABEL,
} from "../docker/labels.ts";
import { part, text } from "../docker/reply-parts.ts";

const SECRET = part({ ID: text, Spec: part({ Name: text }) });

/** A file as a task gets it. */
export interface MountedFile {
  readonly SecretID: string;
  readonly SecretName: string;
  readonly File: { readonly Name: string; readonly UID: string; readonly GID: string; readonly Mode: number };
}

/**
 * Gives a Swarm the files of app containers, as secrets: each task gets them in memory, whatever machine it
 * is on, and nobody reads them back by the API. Another text is another secret: what ran before keeps its
 * own.
 */
export async function provideFiles(
  manager: Engine,
  files: AppFiles,
  labels: Labels,
): Promise<readonly MountedFile[]> {
  const entries = Object.entries(files);
  if (entries.length === 0) return [];
  const own = ownOf(labels);
  const known = new Map((await listSecrets(manager, own)).map(({ ID, Spec }) => [Spec.Name, ID]));
  const mounted: MountedFile[] = [];
  for (const [path, content] of entries) {
    const SecretName = `${labels[STACK_LABEL]}-file-${definitionName([path, content])}`;
    const SecretID = known.get(SecretName) ?? (await create(manager, SecretName, content, own));
    mounted.push({ SecretID, SecretName, File: { Name: path, UID: "0", GID: "0", Mode: 0o444 } });
  }
  return mounted;
}

/** Removes files that no service has any more. */
export async function removeUnusedSecrets(manager: Engine, labels: Labels): Promise<void> {
  for (const { ID } of await listSecrets(manager, ownOf(labels))) {
    try {
      await manager.getSecret(ID).remove();
    } catch (error) {
      // The manager knows who has it.
      if (!/is in use by/.test(dockerWords(error)) && !hasStatus(error, 404)) throw error;
    }
  }
}

const ownOf = (labels: Labels): Labels =>
  labelsOf(labels[STACK_LABEL] ?? "", labels[STATE_LABEL] ?? "", "files");

const listSecrets = async (manager: Engine, labels: Labels) =>
  z
    .array(SECRET)
    .parse(await manager.listSecrets({ filters: JSON.stringify({ label: labelFilter(labels) }) }));

/** Several containers of a stack are made at once, of which one makes the secret. */
async function create(manager: Engine, Name: string, content: string, Labels: Labels): Promise<string> {
  const Data = Buffer.from(content).toString("base64");
  try {
    const made: unknown = await manager.createSecret({ Name, Labels: { ...Labels }, Data });
    return part({ id: text, ID: text })
      .transform(({ id, ID }) => id || ID)
      .parse(made);
  } catch (cause) {
    if (!hasStatus(cause, 409))
      throw new EngineError(`${Name} cannot be made: ${dockerWords(cause)}`, { cause });
    const found = (await listSecrets(manager, Labels)).find(({ Spec }) => Spec.Name === Name);
    if (found === undefined) throw new EngineError(`secret ${Name} is somebody else's; remove it`, { cause });
    return found.ID;
  }
}
