/** HAProxy's answer to a line of commands, each reply judged. */
export interface Verdict {
  /** The replies of commands that were carried out, as HAProxy prints them. */
  readonly output: string;
  /** HAProxy's words for the others. */
  readonly refusals: readonly string[];
}

/** What a reply begins with after `set severity-output number`, unless it is a list or a silent success. */
const SEVERITY = /^\[([0-7])\]: /;
const ERROR = 3;
const WARNING = 4;

/** Warnings that are none: what `set server … addr` and the like have done, and two lists. */
const HARMLESS = /^(IP changed |port changed |nothing changed|no need to change |Supported )/;
/** Refusals that carry no severity of an error; the master process gives none at all. */
const REFUSAL = new RegExp(
  `^(${[
    "Unknown command: ",
    "Can't find the target ",
    "Permission denied$",
    "Variable not found$",
    "Session not found\\.$",
    "Success=0$",
    "Frontend was previously shut down",
    "server ssl setting not supported",
  ].join("|")})`,
);

/**
 * Judges an answer: a reply is every line up to an empty one, and its severity tells whether the command was
 * refused. HAProxy has no reply codes.
 */
export function judge(answer: string): Verdict {
  const refusals: string[] = [];
  let output = "";
  let refusal: string[] | undefined;
  let isAtStart = true;
  const lines = answer.split("\n");
  const last = lines.pop() ?? "";
  for (const line of lines) {
    if (isAtStart && isRefusal(line)) refusal = [];
    const text = isAtStart ? line.replace(SEVERITY, "") : line;
    isAtStart = line === "";
    if (refusal === undefined) output += `${text}\n`;
    else if (line !== "") refusal.push(text);
    else {
      refusals.push(refusal.join("\n"));
      refusal = undefined;
    }
  }
  if (refusal !== undefined) refusals.push(refusal.join("\n"));
  return { output: output + last, refusals };
}

function isRefusal(line: string): boolean {
  const severity = Number(SEVERITY.exec(line)?.[1] ?? Number.NaN);
  const text = line.replace(SEVERITY, "");
  if (severity <= ERROR) return true;
  return REFUSAL.test(text) || (severity === WARNING && !HARMLESS.test(text));
}
