import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Cron } from "croner";
import fc from "fast-check";
import { planRecurrence, type Recurrence } from "../../../program/layout/recurrence.ts";

const start = Date.UTC(2026, 0, 1);
const minute = 60_000;
const dayNames = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

function recurrenceOf(cron: string, timeZone = "UTC"): Recurrence {
  const result = planRecurrence(cron, timeZone);
  return result.status === "planned" ? result.recurrence : assert.fail(result.reason);
}
function reasonOf(cron: string, timeZone = "UTC"): string {
  const result = planRecurrence(cron, timeZone);
  return result.status === "refused" ? result.reason : assert.fail(`${cron} was planned`);
}

/** True: Data Factory starts a run in that minute. Its own words, applied to a moment. */
function fires(recurrence: Recurrence, at: Date): boolean {
  const { frequency, interval, minutes, hours, weekDays, monthDays } = recurrence;
  if (frequency === "Minute") return interval === 1;
  if (!minutes.includes(at.getUTCMinutes()) || !hours.includes(at.getUTCHours())) return false;
  switch (frequency) {
    case "Day":
      return interval === 1;
    case "Week":
      return interval === 1 && weekDays.includes(dayNames[at.getUTCDay()] ?? "");
    case "Month": {
      const last = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 0)).getUTCDate();
      const day = at.getUTCDate();
      const months = (at.getUTCFullYear() - 2026) * 12 + at.getUTCMonth();
      return months % interval === 0 && (monthDays.includes(day) || (monthDays.includes(-1) && day === last));
    }
    default:
      return assert.fail(`no planned recurrence has frequency ${frequency}`);
  }
}

function* firesOf(recurrence: Recurrence, from: number): Generator<number> {
  for (let at = from; at < from + 800 * 24 * 60 * minute; at += minute) {
    if (fires(recurrence, new Date(at))) yield at;
  }
}

const lastOf = [59, 59, 23, 31, 12, 7];
/** The same expression for croner, which has no `5/15`: it wants the end of the range. */
const forCroner = (cron: string): string =>
  cron
    .split(" ")
    .map((text, index) => text.replace(/^(\d+)\//, (_all, from) => `${from}-${lastOf[index]}/`))
    .join(" ");

const number = (min: number, max: number) => fc.integer({ min, max }).map(String);
const list = (min: number, max: number) =>
  fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength: 4 }).map((values) => values.join(","));
const range = (min: number, max: number) =>
  fc
    .tuple(fc.integer({ min, max }), fc.integer({ min, max }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
const field = (min: number, max: number) =>
  fc.oneof(
    number(min, max),
    list(min, max),
    range(min, max),
    fc.constant("*"),
    fc
      .tuple(fc.constantFrom("*", String(min)), number(1, Math.min(max, 12)))
      .map(([from, step]) => `${from}/${step}`),
  );
const days = fc.oneof(
  fc.constant("* * ?"),
  fc.constant("? * *"),
  field(1, 31).map((day) => `${day} * ?`),
  fc.constant("L * ?"),
  field(1, 7).map((day) => `? * ${day}`),
  fc.constantFrom("? * MON-FRI", "? * SUN,SAT", "1 1/3 ?", "15 1/6 ?", "L 1/2 ?", "1 1 ?", "* 1,7 ?"),
);
const expressions = fc
  .tuple(field(0, 59), field(0, 23), days)
  .map(([minutes, hours, rest]) => `0 ${minutes} ${hours} ${rest}`);

describe("a recurrence", () => {
  it("fires at the minutes of its cron expression", () => {
    fc.assert(
      fc.property(expressions, fc.integer({ min: 0, max: 200 }), (cron, day) => {
        const from = start + day * 24 * 60 * minute;
        const recurrence = recurrenceOf(cron);
        // croner takes the first minute after a moment.
        const reference = new Cron(forCroner(cron), {
          timezone: "UTC",
          alternativeWeekdays: true,
          paused: true,
        });
        const expected = reference.nextRuns(40, new Date(from - 1)).map((at) => at.getTime());
        const found: number[] = [];
        for (const at of firesOf(recurrence, from)) {
          found.push(at);
          if (found.length === expected.length) break;
        }
        assert.deepEqual(found, expected.slice(0, found.length));
        // 800 days are looked at: enough for one that fires at least every year.
        assert.ok(found.length >= Math.min(2, expected.length), cron);
      }),
      { numRuns: 100 },
    );
  });

  it("is written out, so that it doesn't depend on where it is counted from", () => {
    assert.deepEqual(recurrenceOf("0 0/15 8-10 ? * MON-FRI", "Europe/Paris"), {
      frequency: "Week",
      interval: 1,
      timeZone: "Romance Standard Time",
      minutes: [0, 15, 30, 45],
      hours: [8, 9, 10],
      weekDays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
      monthDays: [],
    });
    assert.deepEqual(recurrenceOf("0 0 6 L * ?").monthDays, [-1]);
    assert.deepEqual(recurrenceOf("0 * * * * ?"), {
      frequency: "Minute",
      interval: 1,
      timeZone: "UTC",
      minutes: [],
      hours: [],
      weekDays: [],
      monthDays: [],
    });
  });

  it("takes ranges that run over the end, names and a seventh field that says nothing, as Quartz does", () => {
    assert.deepEqual(recurrenceOf("0 0 22-1 ? * FRI-MON *").hours, [0, 1, 22, 23]);
    assert.deepEqual(recurrenceOf("0 0 22-1 ? * FRI-MON *").weekDays, [
      "Sunday",
      "Monday",
      "Friday",
      "Saturday",
    ]);
    assert.deepEqual(recurrenceOf("0 0 1 ? * l").weekDays, ["Saturday"]);
    assert.equal(recurrenceOf("0 0 1 1 JAN,APR,JUL,OCT ?").interval, 3);
  });

  it("knows zones by their Windows names, new ones too", () => {
    const zone = (name: string) => recurrenceOf("0 0 2 * * ?", name).timeZone;
    assert.equal(zone("America/New_York"), "Eastern Standard Time");
    assert.equal(zone("Asia/Kolkata"), "India Standard Time");
    assert.equal(zone("Europe/Kyiv"), zone("Europe/Kiev"));
    assert.equal(zone("Etc/UTC"), "UTC");
    assert.match(
      reasonOf("0 0 2 * * ?", "Europe/Lyon"),
      /"Europe\/Lyon" is not a time zone; write an IANA name/,
    );
  });

  const refusals: readonly (readonly [string, RegExp])[] = [
    ["0 0 2 * * ? 2027", /^year "2027": a trigger runs every year/],
    ["30 0 2 * * ?", /^second "30": a trigger runs on the minute; write 0/],
    ["0 0 2 15W * ?", /^day of the month "15W": a trigger knows no nearest weekday/],
    ["0 0 2 L-3 * ?", /^day of the month "L-3"/],
    ["0 0 2 ? * 6#3", /^day of the week "6#3": it means one week of a month/],
    ["0 0 2 ? * 6L", /^day of the week "6L"/],
    ["0 0 2 1 2,5,8,11 ?", /^month "2,5,8,11": a trigger runs every month, or every 2, 3, 4, 6 or 12/],
    ["0 0 2 ? 1/3 MON", /^month "1\/3" with days of the week/],
    ["0 0 2 1 * MON", /^exactly one of day of the month and day of the week must be \?/],
    ["0 0 2 * * *", /^exactly one of/],
    ["0 2 * * *", /is not a Quartz cron expression; it has six fields/],
    ["0 60 2 * * ?", /^"60" is no minute/],
    ["0 0 2 ? * 0", /^"0" is no day of the week/],
    ["0 0/0 2 * * ?", /^"0\/0" is no minute/],
    ["0 0 2 ? * */8", /^"\*\/8" steps over every day of the week; write at most \/7/],
    ["0 1-2-3 2 * * ?", /^"1-2-3" is no minute/],
  ];
  for (const [cron, reason] of refusals) {
    it(`says why ${cron} can't be one`, () => {
      assert.match(reasonOf(cron), reason);
    });
  }

  it("is planned or refused, whatever is written", () => {
    const word = fc.string({
      unit: fc.constantFrom(..."0123456789*?/-,LW#MONFRI ".split("")),
      maxLength: 24,
    });
    fc.assert(
      fc.property(fc.oneof(word, fc.string()), (cron) => {
        const result = planRecurrence(cron, "UTC");
        return result.status === "planned" || result.reason.length > 0;
      }),
      { numRuns: 2000 },
    );
  });
});
