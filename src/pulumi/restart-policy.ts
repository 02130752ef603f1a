/**
 * Docker's restart policy for all containers. After an engine was killed, its next start stops the containers that still
 * run and takes that for a user's wish, which `unless-stopped` respects; a stack shall come back.
 */
export const RESTART_POLICY = "always";
