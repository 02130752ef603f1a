import { expect, test } from "vitest";
import { compareMappings } from "../../../src/probe/comparison.ts";
import { findingsOf } from "../../../src/probe/findings.ts";
import { formatPage } from "../../../src/probe/page.ts";
import { mappingOf } from "./mappings.ts";
import { resultOf } from "./results.ts";

const numbers = (count: number): string[] => Array.from({ length: count }, (_, index) => `s${index + 1}`);
const comparison = compareMappings(
  mappingOf(["s1", "s2"], ["s1", "s1", "s2", "s2"]),
  mappingOf(["s1", "s2", "s3"], ["s1", "s3", "s2", "s3"]),
);

/** Text of the page's pictures. */
const pictures = (page: string): string[] =>
  [...page.matchAll(/<div role="img" aria-label="[^"]+"><svg(.*?)<\/svg>/gs)].map(([, svg = ""]) => svg);
const texts = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text = ""]) => text);

test("the page shows the distribution, as a picture and as a table", () => {
  const page = formatPage(resultOf());
  expect(page).toContain("Consistent: every check has passed.");
  expect(page).toContain(
    '<tr><th class="word" scope="row">s1</th><td>3</td><td>75.0 %</td><td>+50.0 %</td></tr>',
  );
  const [bars = "", ...others] = pictures(page);
  expect(texts(bars)).toEqual(expect.arrayContaining(["s1", "s2", "3", "1", "even"]));
  expect(others).toEqual([]);
});

test("every colour that a picture takes from the page is there for a light and for a dark background", () => {
  const page = formatPage(resultOf({ comparison }));
  const names = new Set(pictures(page).flatMap((svg) => svg.match(/(?<=var\()--\w+(?=\))/g) ?? []));
  expect([...names].sort()).toEqual(["--card", "--faint", "--mark", "--moved", "--text"]);
  const [light = "", dark = ""] = page.match(/:root \{.*\}/g) ?? [];
  for (const name of names) {
    expect(light).toMatch(new RegExp(`${name}: #[0-9a-f]{6};`));
    expect(dark).toMatch(new RegExp(`${name}: #[0-9a-f]{6};`));
  }
});

test("the page shows what has moved, as flow, heat map and table", () => {
  const page = formatPage(resultOf({ comparison }));
  expect(page).toContain("2 sessions (50.0 %) moved; ideal is 33.3 %.");
  expect(page).toContain(
    '<tr><td class="word">s1</td><td class="word">s3</td><td>1</td><td>25.0 %</td></tr>',
  );
  const [, flow = "", heatMap = "", ...others] = pictures(page);
  expect(texts(flow).sort()).toEqual(["s1", "s1", "s2", "s2", "s3"]);
  expect(texts(heatMap)).toEqual(expect.arrayContaining(["before", "now", "1"]));
  expect(others).toEqual([]);
});

test("the page leaves the flow out where it would be a tangle, and bounds the table", () => {
  const [few, many] = [numbers(100), numbers(200)];
  const moved = compareMappings(mappingOf(few, [...few, ...few]), mappingOf(many, many));
  const page = formatPage(resultOf({ sessions: 200, comparison: moved }));
  expect(pictures(page)).toHaveLength(2);
  expect(page.match(/<td class="word">/g)).toHaveLength(2 * 100);
  expect(
    formatPage(
      resultOf({
        sessions: 200,
        comparison: compareMappings(mappingOf(many, many), mappingOf(many, many.toReversed())),
      }),
    ),
  ).toContain("<p>… and 100 smaller ones</p>");
});

test("the page needs nothing else: no script, no link, and a policy that forbids both", () => {
  const page = formatPage(resultOf({ comparison }));
  expect(page).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|\s(src|href|on\w+)=/i);
  expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
});

test("the page escapes what it is given", () => {
  const hostile = '</title><script>alert("1")</script>';
  const differences = findingsOf([{ session: hostile, first: hostile, later: hostile, through: hostile }]);
  const distribution = {
    servers: [{ server: hostile, sessions: 1, share: 1, deviationPercent: 0 }],
    imbalance: 1,
  };
  const before = mappingOf([hostile, "s2"], [hostile, "s2"]);
  const page = formatPage(
    resultOf({
      stack: hostile,
      path: hostile,
      differences,
      distribution,
      comparison: compareMappings(before, mappingOf(["s2"], ["s2", "s2"])),
    }),
  );
  expect(page).toContain("Not consistent: a check has failed.");
  expect(page).not.toContain("<script");
  expect(page.match(/<\/title>/g)).toHaveLength(1);
});
