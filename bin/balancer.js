#!/usr/bin/env node
import "./preflight.js";

const { run } = await import("../src/cli/main.ts"); // Only now: an older Node does not read TypeScript.
process.exitCode = await run(process.argv.slice(2));
