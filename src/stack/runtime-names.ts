/** The one name in the certificate of the runtime API's server, wherever that is reached. */
export const RUNTIME_SERVER_NAME = "runtime.balancer";
/** Common name of the client that the runtime API lets in. */
export const RUNTIME_CLIENT_NAME = "balancer";
