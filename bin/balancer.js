#!/usr/bin/env node
import { isCheckout } from "./preflight.js";

// Only now: an older Node knows neither what is asked of it first, nor TypeScript.
await import("./preload.js");
const { run } = await import(isCheckout ? "../src/cli/main.ts" : "../dist/src/cli/main.js");
process.exitCode = await run(process.argv.slice(2));
