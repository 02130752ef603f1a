/** The certificate of the runtime API's server has this one name, whatever address it is reached by. */
export const RUNTIME_SERVER_NAME = "runtime.balancer";
/** The runtime API lets in the client whose certificate has this common name. */
export const RUNTIME_CLIENT_NAME = "balancer";
