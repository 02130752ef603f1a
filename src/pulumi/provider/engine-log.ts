import grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";

/** Tells the user what happens to a resource, in its own line. */
export class EngineLog {
  readonly #client: EngineClient;

  /** @param address of Pulumi's engine, as a provider is given it */
  constructor(address: string) {
    this.#client = new EngineClient(address, grpc.credentials.createInsecure());
  }

  /**
   * Shows a line beside a resource.
   * @param isProgress whether the next line takes its place, and nothing of it is kept
   */
  tell(urn: string, text: string, isProgress: boolean): void {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(text);
    request.setEphemeral(isProgress);
    this.#client.log(request, () => {}); // an engine that is gone has nobody to tell
  }
}
