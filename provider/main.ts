import { enableCompileCache } from "node:module";

// Pulumi starts this twice an update, and reading the SDK takes most of the time.
enableCompileCache();
const { serve } = await import("../src/pulumi/provider/serve.ts");
await serve(process.argv.slice(2));
