import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";

// The yardstick: the containers, network and volume of a Balancer stack without Balancer. HAProxy's config is
// fixed and lists no server, because nothing here tells HAProxy what runs.

const config = new pulumi.Config();
const stack = pulumi.getStack();
const prefix = config.require("prefix"); // 172.28.192 of 172.28.192.0/24
const firstPort = config.requireNumber("firstPort");
const labels = [{ label: "balancer.bench", value: "bare" }];

const HAPROXY_CONFIG = `
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
frontend http
    bind :8080
    http-request return status 200
`;

const network = new docker.Network(`${stack}-balancer`, {
  name: `${stack}-balancer`,
  ipamConfigs: [{ subnet: `${prefix}.0/24`, gateway: `${prefix}.1` }],
  labels,
});

for (let n = 1; n <= config.requireNumber("count"); n++) {
  const name = `${stack}-podinfo${n}`;
  new docker.Container(name, {
    name,
    image: "stefanprodan/podinfo:6.9.2",
    restart: "unless-stopped",
    command: ["./podinfo", "--port=9898", "--level=debug"],
    networksAdvanced: [{ name: network.name, ipv4Address: `${prefix}.${10 + n}` }],
    labels,
  });
}

const volume = new docker.Volume(`${stack}-haproxy1-config`, { name: `${stack}-haproxy1-config`, labels });

new docker.Container(`${stack}-haproxy1`, {
  name: `${stack}-haproxy1`,
  image: "haproxy:3.2",
  restart: "unless-stopped",
  stopTimeout: 3,
  command: [
    "haproxy",
    "-S",
    "/var/lib/haproxy/master.sock,mode,600",
    "-f",
    "/usr/local/etc/haproxy/haproxy.cfg",
  ],
  envs: ["BALANCER_PEER=haproxy1"],
  networksAdvanced: [{ name: network.name, ipv4Address: `${prefix}.2` }],
  volumes: [{ volumeName: volume.name, containerPath: "/usr/local/etc/haproxy" }],
  uploads: [{ file: "/usr/local/etc/haproxy/haproxy.cfg", content: HAPROXY_CONFIG }],
  ports: [8080, 9999, 8404].map((internal, index) => ({
    internal,
    external: firstPort + index,
    ip: "127.0.0.1",
  })),
  labels,
});
