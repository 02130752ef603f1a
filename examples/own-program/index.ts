import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { BalancedApp } from "balancer";

const config = new pulumi.Config();
const password = config.requireSecret("databasePassword");

// The database is the program's own: a network, and a container whose data outlives it.
const backend = new docker.Network("backend", { name: "shop-backend" });
const data = new docker.Volume("data", { name: "shop-data" });
const database = new docker.Container("database", {
  name: "shop-database",
  image: "postgres:18",
  envs: [pulumi.interpolate`POSTGRES_PASSWORD=${password}`],
  networksAdvanced: [{ name: backend.name }],
  volumes: [{ volumeName: data.name, containerPath: "/var/lib/postgresql" }],
  restart: "unless-stopped",
});

// Each app has a subnet and ports of its own. This one finds the database by its name, and its password stays a secret.
const api = new BalancedApp("api", {
  mode: "hash",
  count: config.getNumber("apiCount") ?? 2,
  subnet: "172.28.41.0/24",
  ports: { http: 8310, runtime: 9310, stats: 8610 },
  networks: [backend.name],
  env: { PGHOST: database.name, PGUSER: "postgres", PGPASSWORD: password },
});

// This one asks the other, on whose network it is as well.
const web = new BalancedApp("web", {
  count: 3,
  balancers: 2,
  subnet: "172.28.42.0/24",
  ports: { http: 8320, runtime: 9320, stats: 8620 },
  networks: [api.network],
  env: {
    PODINFO_BACKEND_URL: pulumi.interpolate`${api.internalUrls[0]}/echo`,
    PODINFO_UI_MESSAGE: config.get("message") ?? "Welcome",
  },
  drainTimeout: "5s",
});

export const apiUrls = api.urls;
export const webUrls = web.urls;
