import grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engine from "@pulumi/pulumi/proto/engine_pb.js";
import type { Report } from "../../haproxy/servers/report.ts";

/**
 * Tells the user what happens to a resource, in its own line. Nothing is kept of progress: the next line
 * takes its place.
 * @param address of Pulumi's engine, as a provider is given it
 */
export function engineLog(address: string): (urn: string) => Report {
  const client = new EngineClient(address, grpc.credentials.createInsecure());
  return (urn) => (text, kind) => {
    const request = new engine.LogRequest();
    request.setSeverity(engine.LogSeverity.INFO);
    request.setUrn(urn);
    request.setMessage(text);
    request.setEphemeral(kind === "progress");
    client.log(request, () => {}); // an engine that is gone has nobody to tell
  };
}
