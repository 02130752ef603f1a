import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  addressOf,
  appCapacity,
  FIRST_APP,
  FIRST_BALANCER,
  GATEWAY,
  guestRange,
  MAX_BALANCERS,
  overlaps,
  parseSubnet,
  readCidr,
  type Subnet,
  standInNumber,
} from "../../../src/stack/subnet.ts";

function subnetOf(cidr: string): Subnet {
  const subnet = parseSubnet(cidr);
  if (subnet === undefined) throw new Error(`${cidr} is refused`);
  return subnet;
}

/** Any private network that a stack may have. */
const anySubnet = fc
  .record({
    net: fc.constantFrom([10, 0, 8], [172, 16, 12], [192, 168, 16]),
    bits: fc.nat(2 ** 24 - 1),
    prefix: fc.integer({ min: 16, max: 28 }),
  })
  .map(({ net: [a = 0, b = 0, fixed = 0], bits, prefix }) => {
    const size = 2 ** (32 - prefix);
    const base = a * 2 ** 24 + b * 2 ** 16;
    const first = base + Math.floor((bits % 2 ** (32 - fixed)) / size) * size;
    return `${[24, 16, 8, 0].map((shift) => Math.floor(first / 2 ** shift) % 256).join(".")}/${prefix}`;
  });

describe("parseSubnet", () => {
  test.each([
    ["172.28.10.0/24", 0xac1c0a00, 0xac1c0aff],
    ["10.0.0.0/16", 0x0a000000, 0x0a00ffff],
    ["192.168.255.240/28", 0xc0a8fff0, 0xc0a8ffff],
    ["172.31.255.0/24", 0xac1fff00, 0xac1fffff],
  ])("reads %s", (cidr, first, last) => {
    expect(parseSubnet(cidr)).toEqual({ cidr, first, last });
  });

  test.each([
    ["no prefix", "172.28.10.0"],
    ["an empty prefix", "172.28.10.0/"],
    ["a prefix below /16", "10.0.0.0/15"],
    ["a prefix above /28", "172.28.10.0/29"],
    ["a prefix with a leading zero", "172.28.10.0/024"],
    ["an address inside the network", "172.28.10.1/24"],
    ["an address off the network's border", "172.28.10.0/21"],
    ["a public network", "8.8.8.0/24"],
    ["a network just outside 172.16.0.0/12", "172.32.0.0/16"],
    ["loopback", "127.0.0.0/24"],
    ["IPv6", "fd00::/24"],
    ["a short address", "10.1/16"],
    ["a hexadecimal address", "0xa.0.0.0/16"],
    ["an octet above 255", "10.256.0.0/16"],
    ["an octet with a leading zero", "172.28.010.0/24"],
    ["a space", "172.28.10.0 /24"],
    ["a trailing newline", "172.28.10.0/24\n"],
    ["a second prefix", "172.28.10.0/24/8"],
    ["text after a second slash", "172.28.10.0/24/;"],
    ["nothing", ""],
  ])("refuses %s", (_what, text) => {
    expect(parseSubnet(text)).toBeUndefined();
  });

  test("reads every private network of /16 to /28", () => {
    fc.assert(
      fc.property(anySubnet, (cidr) => {
        const { first, last } = subnetOf(cidr);
        expect(last - first + 1).toBe(2 ** (32 - Number(cidr.split("/")[1])));
        expect(addressOf(subnetOf(cidr), 0)).toBe(cidr.split("/")[0]);
      }),
    );
  });
});

describe("the addresses of a network", () => {
  test.each([
    ["172.28.10.0/28", 3],
    ["172.28.10.0/27", 18],
    ["172.28.10.0/24", 228],
    ["172.28.8.0/22", 948],
    ["172.28.0.0/16", 1000],
  ])("of %s are enough for %i apps", (cidr, capacity) => {
    expect(appCapacity(subnetOf(cidr))).toBe(capacity);
  });

  test("carry over from one octet to the next", () => {
    expect(addressOf(subnetOf("10.0.0.0/16"), 256)).toBe("10.0.1.0");
    expect(addressOf(subnetOf("192.168.254.0/23"), 511)).toBe("192.168.255.255");
  });

  test.each([
    ["172.28.10.0/28", "172.28.10.15/32"],
    ["172.28.10.0/24", "172.28.10.240/28"],
    ["10.1.0.0/16", "10.1.240.0/20"],
  ])("of %s leave %s to others", (cidr, guests) => {
    expect(guestRange(subnetOf(cidr)).cidr).toBe(guests);
  });

  test("of apps lie inside, after the balancers and before the stand-in's and the guests'", () => {
    fc.assert(
      fc.property(anySubnet, (cidr) => {
        const subnet = subnetOf(cidr);
        const lastApp = FIRST_APP + appCapacity(subnet) - 1;
        expect(GATEWAY).toBeLessThan(FIRST_BALANCER);
        expect(FIRST_BALANCER + MAX_BALANCERS - 1).toBeLessThan(FIRST_APP);
        expect(lastApp).toBeLessThan(standInNumber(subnet));
        expect(subnet.first + standInNumber(subnet)).toBeLessThan(guestRange(subnet).first);
        expect(guestRange(subnet).last).toBe(subnet.last);
      }),
    );
  });
});

describe("networks overlap", () => {
  test.each([
    ["172.28.10.0/24", "172.28.10.0/24", true],
    ["172.28.0.0/16", "172.28.10.0/24", true],
    ["172.28.10.0/24", "172.28.0.0/16", true],
    ["172.28.10.0/24", "172.28.11.0/24", false],
    ["172.28.11.0/24", "172.28.10.0/24", false],
  ])("%s and %s: %s", (a, b, expected) => {
    expect(overlaps(subnetOf(a), subnetOf(b))).toBe(expected);
  });
});

describe("readCidr", () => {
  test.each([
    ["172.17.0.0/16", 0xac110000, 0xac11ffff],
    ["172.17.5.9/16", 0xac110000, 0xac11ffff],
    ["0.0.0.0/0", 0, 0xffffffff],
    ["8.8.8.8/32", 0x08080808, 0x08080808],
  ])("reads %s, as Docker may report it", (cidr, first, last) => {
    expect(readCidr(cidr)).toEqual({ cidr, first, last });
  });

  test.each(["", "fd00::/64", "172.17.0.0", "host"])("knows no IPv4 network in %j", (text) => {
    expect(readCidr(text)).toBeUndefined();
  });
});
