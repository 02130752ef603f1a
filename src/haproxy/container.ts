/** A HAProxy container has its config in this folder. It is a volume, so a rename inside it is atomic. */
export const CONFIG_FOLDER = "/usr/local/etc/haproxy";
export const CONFIG_FILE = "haproxy.cfg";
/** HTTPS has its certificate, chain and key in this file, which the runtime API knows by its path. */
export const CERTIFICATE_FILE = "https.pem";
export const CERTIFICATE_PATH = `${CONFIG_FOLDER}/${CERTIFICATE_FILE}`;
/** The runtime API has its certificate and key in the first file, its clients' authority in the second. */
export const RUNTIME_CERTIFICATE_FILE = "runtime.pem";
export const RUNTIME_CA_FILE = "runtime-ca.pem";

/** HAProxy runs as this user, which every official image has. Its number differs. */
export const HAPROXY_USER = "haproxy";

/** HAProxy has its unix sockets in this folder in memory, which every container may write to. */
export const SOCKET_FOLDER = "/dev/shm";

/** A HAProxy container runs this command. */
export const HAPROXY_COMMAND = [
  "haproxy",
  "-S",
  `${SOCKET_FOLDER}/master.sock,mode,600`,
  "-f",
  `${CONFIG_FOLDER}/${CONFIG_FILE}`,
] as const;

/** A server that this map names is checked as the map says. It has no file: it ends with its worker. */
export const CHECKS = "virt@ready";

/**
 * Who gives one of its words is told which server answers, where nobody is known by his address. It has no
 * file either.
 */
export const PROBES = "virt@probes";

/**
 * A worker that starts learns from this file what the worker before it knew of the servers. It is there
 * during a reload alone, and in memory, so that no restart finds it.
 */
export const STATE_FILE = `${SOCKET_FOLDER}/servers-before-reload`;

/** This environment variable tells a HAProxy container which of the peers it is. */
export const PEER_VARIABLE = "BALANCER_PEER";
/** This environment variable names the keys of the runtime API. Other keys take another container. */
export const RUNTIME_TLS_VARIABLE = "BALANCER_RUNTIME_TLS";
/** On a Swarm this environment variable has the address from which a machine's own requests come. */
export const GATEWAY_VARIABLE = "BALANCER_GATEWAY";
/** The config sets this environment variable to its own revision, and the runtime API shows it. */
export const REVISION_VARIABLE = "BALANCER_REVISION";
/** The config sets this one to how it checks servers. */
export const CHECK_VARIABLE = "BALANCER_CHECK";
