// What the package exports to somebody else's program.
export { BalancedApp, type BalancedAppArgs, type BalancedAppOutputs } from "./balanced-app.ts";
