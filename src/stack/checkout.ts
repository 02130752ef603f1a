/**
 * Whether this is a checkout, with Balancer's own program and its stacks. A package in somebody else's
 * program has neither, and is compiled.
 */
export const IS_CHECKOUT = import.meta.filename.endsWith(".ts");

/** The folder of the project that a command or a path is about: the checkout, or where it is called. */
export const projectFolder = (): string =>
  IS_CHECKOUT ? import.meta.dirname.slice(0, -"/src/stack".length) : process.cwd();

/**
 * How the user calls a command.
 * @param args What follows its name.
 */
export function callOf(command: string, args = ""): string {
  if (!IS_CHECKOUT) return ["npx balancer", command, args].filter((word) => word !== "").join(" ");
  const npm = ["start", "stop"].includes(command) ? `npm ${command}` : `npm run ${command}`;
  return args === "" ? npm : `${npm} -- ${args}`;
}
