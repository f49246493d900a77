/**
 * From a Quartz cron expression to the recurrence of a Data Factory trigger. Both say the same in other words,
 * but a recurrence can say less: where it can't, the reason says which field and what to write instead.
 *
 * Hours and minutes are always written out as lists, so that a trigger never depends on the moment at which its
 * recurrence is counted from. That is why an interval other than 1 is only ever one of months.
 */
import { findWindows } from "windows-iana";
import type { TriggerSpec } from "../../metadata-schema/desired-state.ts";

export type Recurrence = Omit<TriggerSpec, "started">;
export type RecurrenceResult =
  | { readonly status: "planned"; readonly recurrence: Recurrence }
  /** completes "the schedule can't become a trigger: …" */
  | { readonly status: "refused"; readonly reason: string };

/** Sunday first, as Quartz counts them from 1. */
const weekDays = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;
const monthNames = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];

interface Field {
  readonly word: string;
  readonly first: number;
  readonly last: number;
  readonly names: readonly string[];
}
const minuteField: Field = { word: "minute", first: 0, last: 59, names: [] };
const hourField: Field = { word: "hour", first: 0, last: 23, names: [] };
const dayField: Field = { word: "day of the month", first: 1, last: 31, names: [] };
const monthField: Field = { word: "month", first: 1, last: 12, names: monthNames };
const weekDayField: Field = {
  word: "day of the week",
  first: 1,
  last: 7,
  names: weekDays.map((day) => day.slice(0, 3).toUpperCase()),
};

/** That an expression can't become a recurrence; caught in planRecurrence and told as its reason. */
class Refusal extends Error {}

/** `?` is how Quartz leaves one of the two kinds of day open. */
const isEvery = (text: string): boolean => text === "*" || text === "?";

function numberOf(field: Field, text: string): number {
  const named = field.names.indexOf(text.toUpperCase());
  const value = named >= 0 ? named + field.first : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= field.first && value <= field.last) return value;
  throw new Refusal(`"${text}" is no ${field.word} of a Quartz cron expression`);
}

/** The values of one item of a field's list: `*`, `5`, `1-5`, `MON-FRI`, or one of those with `/step`. */
function valuesOf(field: Field, item: string): number[] {
  const [range = "", stepText, ...rest] = item.split("/");
  if (rest.length > 0 || (stepText !== undefined && !/^[1-9]\d?$/.test(stepText))) {
    throw new Refusal(`"${item}" is no ${field.word} of a Quartz cron expression`);
  }
  const step = Number(stepText ?? 1);
  if (step > field.last)
    throw new Refusal(`"${item}" steps over every ${field.word}; write at most /${field.last}`);
  const [from = "", to, ...more] = range.split("-");
  if (more.length > 0) throw new Refusal(`"${item}" is no ${field.word} of a Quartz cron expression`);
  const start = from === "*" ? field.first : numberOf(field, from);
  const end =
    to !== undefined ? numberOf(field, to) : from === "*" || stepText !== undefined ? field.last : start;
  const count = field.last - field.first + 1;
  // A range may run over the end: FRI-MON, 22-2.
  const length = end >= start ? end - start : end - start + count;
  const values: number[] = [];
  for (let offset = 0; offset <= length; offset += step) {
    values.push(field.first + ((start - field.first + offset) % count));
  }
  return values;
}

const listOf = (field: Field, text: string): number[] =>
  [...new Set(text.split(",").flatMap((item) => valuesOf(field, item)))].sort((a, b) => a - b);

function monthDaysOf(text: string): number[] {
  if (text.toUpperCase() === "L") return [-1];
  if (/[LW]/i.test(text)) {
    throw new Refusal(
      `day of the month "${text}": a trigger knows no nearest weekday and no day before the last; ` +
        "write numbers, or L alone for the last day",
    );
  }
  return listOf(dayField, text);
}

function weekDaysOf(text: string): string[] {
  // Quartz' other name for the last day of a week.
  if (text.toUpperCase() === "L") return ["Saturday"];
  if (/[L#]/i.test(text)) {
    throw new Refusal(
      `day of the week "${text}": it means one week of a month, which this service does not plan; write days of the week`,
    );
  }
  return listOf(weekDayField, text).map((day) => weekDays[day - 1] ?? "");
}

/** Months between two runs, counted from January. */
function monthInterval(text: string): number {
  const months = listOf(monthField, text);
  const interval = 12 / months.length;
  if (months.every((month, index) => month === 1 + index * interval)) return interval;
  throw new Refusal(
    `month "${text}": a trigger runs every month, or every 2, 3, 4, 6 or 12 months counted from January; ` +
      "write one of *, 1/2, 1/3, 1/4, 1/6, 1",
  );
}

function fieldsOf(cron: string) {
  const [second = "", minute = "", hour = "", monthDay = "", month = "", weekDay = "", year, ...rest] = cron
    .trim()
    .split(/\s+/);
  if (weekDay === "" || rest.length > 0) {
    throw new Refusal(
      `"${cron}" is not a Quartz cron expression; it has six fields, e.g. 0 30 2 * * ? (every day at 02:30)`,
    );
  }
  if (year !== undefined && year !== "*") {
    throw new Refusal(`year "${year}": a trigger runs every year; leave the seventh field out`);
  }
  if (!/^0{1,2}$/.test(second)) {
    throw new Refusal(`second "${second}": a trigger runs on the minute; write 0`);
  }
  if ((monthDay === "?") === (weekDay === "?")) {
    throw new Refusal(
      "exactly one of day of the month and day of the week must be ?, as Quartz asks; e.g. 0 30 2 * * ?",
    );
  }
  return { minute, hour, monthDay, month, weekDay };
}

function daysOf({ monthDay, month, weekDay }: ReturnType<typeof fieldsOf>) {
  const interval = month === "*" ? 1 : monthInterval(month);
  if (!isEvery(weekDay)) {
    if (interval !== 1) {
      throw new Refusal(
        `month "${month}" with days of the week: a trigger has one or the other; write * for the month`,
      );
    }
    return { frequency: "Week", interval, weekDays: weekDaysOf(weekDay), monthDays: [] } as const;
  }
  if (isEvery(monthDay) && interval === 1) {
    return { frequency: "Day", interval, weekDays: [], monthDays: [] } as const;
  }
  const monthDays = isEvery(monthDay) ? listOf(dayField, "*") : monthDaysOf(monthDay);
  return { frequency: "Month", interval, weekDays: [], monthDays } as const;
}

/** Windows' id of an IANA zone. Names that are newer than the list of pairs are known by their older ones. */
function windowsZone(timeZone: string): string {
  let canonical = timeZone;
  try {
    canonical = new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw new Refusal(`"${timeZone}" is not a time zone; write an IANA name, e.g. Europe/Paris`);
  }
  const zone = findWindows(timeZone)[0] ?? findWindows(canonical)[0];
  if (zone !== undefined) return zone;
  throw new Refusal(
    `time zone "${timeZone}" has no name in Windows, which triggers use; write the nearest city's, or UTC`,
  );
}

/**
 * Plans a trigger.
 *
 * @param cron Quartz cron expression, as a job's row has it
 * @param timeZone IANA name
 * @returns the recurrence that fires at the same minutes; or why there is none
 */
export function planRecurrence(cron: string, timeZone: string): RecurrenceResult {
  try {
    const fields = fieldsOf(cron);
    const days = daysOf(fields);
    const common = { timeZone: windowsZone(timeZone), weekDays: days.weekDays, monthDays: days.monthDays };
    const everyMinute = listOf(minuteField, fields.minute).length === 60;
    if (days.frequency === "Day" && everyMinute && listOf(hourField, fields.hour).length === 24) {
      const recurrence = { ...common, frequency: "Minute", interval: 1, minutes: [], hours: [] } as const;
      return { status: "planned", recurrence };
    }
    const minutes = listOf(minuteField, fields.minute);
    const hours = listOf(hourField, fields.hour);
    const { frequency, interval } = days;
    return { status: "planned", recurrence: { ...common, frequency, interval, minutes, hours } };
  } catch (fault) {
    if (fault instanceof Refusal) return { status: "refused", reason: fault.message };
    throw fault;
  }
}
