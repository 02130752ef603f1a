// Node keeps the modules of the program as it compiled them, for the next update. Where it does so is
// NODE_COMPILE_CACHE's to say.
import { enableCompileCache } from "node:module";

enableCompileCache();
