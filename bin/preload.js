// Reading modules takes half of what a small program takes. Node keeps them compiled for the next time, where
// NODE_COMPILE_CACHE says, and what libraries read for features that nothing here uses is read when it is
// asked for (docs/decisions/2026-11-27-modules-read-late.md).
import Module, { enableCompileCache } from "node:module";

enableCompileCache();

/** What packages require, as they write it, that is read late. */
const LATE = {
  // functions as data, the automation API
  "@pulumi/pulumi": ["@npmcli/arborist", "./automation", "../../typescript-shim"],
  // sessions with BuildKit, archives of folders
  dockerode: ["./session", "tar-fs"],
  // engines behind ssh://
  "docker-modem": ["./ssh"],
};

/** By this, Pulumi's start attaches a debugger, which slows all that follows. It attaches one later, too. */
const DEBUGGER = "../../runtime/closure/v8Hooks";

const load = Module._load;

Module._load = (request, parent, isMain) => {
  const read = () => load(request, parent, isMain);
  const from = packageOf(parent?.filename ?? "");
  if (from === "@pulumi/pulumi" && request === DEBUGGER) return { isInitializedAsync: async () => {} };
  return LATE[from]?.includes(request) ? late(read) : read();
};

/** The name of the package that a file belongs to. */
function packageOf(file) {
  const [, path] = /.*[\\/]node_modules[\\/](.*)/.exec(file) ?? [];
  const [scope, name] = path?.split(/[\\/]/) ?? [];
  return scope?.startsWith("@") ? `${scope}/${name}` : scope;
}

/** Stands for a module until some part of it is asked for. It may be a function. */
function late(read) {
  let module;
  const real = () => {
    module ??= read();
    return module;
  };
  return new Proxy(() => {}, {
    get: (_, key) => (key === "__esModule" ? true : real()[key]),
    has: (_, key) => key in real(),
    apply: (_, self, parameters) => Reflect.apply(real(), self, parameters),
  });
}
