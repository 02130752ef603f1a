/** A file that a container has from its creation on. Another text means another container. */
export interface ProvisionedFile {
  readonly path: string;
  readonly text: string;
}
