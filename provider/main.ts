import { flushCompileCache } from "node:module";
import { serve } from "../src/pulumi/provider/serve.ts";

await serve(process.argv.slice(2));
// Node writes it at an exit, and Pulumi ends this process by a kill.
flushCompileCache();
