#!/usr/bin/env node
import "./preflight.js";

// Only now: an older Node knows neither what is asked of it first, nor TypeScript.
await import("./preload.js");
const { run } = await import("../src/cli/main.ts");
process.exitCode = await run(process.argv.slice(2));
