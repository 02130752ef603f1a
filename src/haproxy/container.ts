/** Where a HAProxy container has its config. The folder is a volume: a rename inside it is atomic. */
export const CONFIG_FOLDER = "/usr/local/etc/haproxy";
export const CONFIG_FILE = "haproxy.cfg";
/** The certificate of HTTPS with its chain and key, in the same folder. The runtime API knows it by its path. */
export const CERTIFICATE_FILE = "https.pem";
export const CERTIFICATE_PATH = `${CONFIG_FOLDER}/${CERTIFICATE_FILE}`;
/** The runtime API's own certificate with its key, and the authority that its clients' certificates come from. */
export const RUNTIME_CERTIFICATE_FILE = "runtime.pem";
export const RUNTIME_CA_FILE = "runtime-ca.pem";

/** The user that HAProxy runs as, which every official image has; its number differs. */
export const HAPROXY_USER = "haproxy";

/** Where HAProxy's unix sockets are: the one folder that every container may write to, in memory and its own. */
export const SOCKET_FOLDER = "/dev/shm";

/** The command of a HAProxy container. */
export const HAPROXY_COMMAND = [
  "haproxy",
  "-S",
  `${SOCKET_FOLDER}/master.sock,mode,600`,
  "-f",
  `${CONFIG_FOLDER}/${CONFIG_FILE}`,
] as const;

/** Environment variable that tells a HAProxy container which of the peers it is. */
export const PEER_VARIABLE = "BALANCER_PEER";
/** Environment variable of a HAProxy container that names the keys of the runtime API by TLS; other keys take another container. */
export const RUNTIME_TLS_VARIABLE = "BALANCER_RUNTIME_TLS";
/** Environment variable that the config sets to its own revision; the runtime API shows it. */
export const REVISION_VARIABLE = "BALANCER_REVISION";
