import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { BadRequest, NotFound, ValidationError } from "../error.ts";
import {
  DefaultValuePipe,
  ParseBoolPipe,
  ParseFloatPipe,
  ParseIntPipe,
  type PipeContext,
  type PipeLike,
  stepOf,
} from "./pipe.ts";
import { isSchema, type StandardResult, type StandardSchema } from "./schema.ts";

const id: PipeContext = { source: "param", name: "id" };
const body: PipeContext = { source: "body", name: "" };

function step<In, Out>(pipe: PipeLike<In, Out>, context: PipeContext = id): (value: unknown) => unknown {
  return stepOf(pipe, context, (type) => new (type as unknown as new () => unknown)());
}

Deno.test("ParseIntPipe: decimal integers of the safe range and nothing else", () => {
  const parse = step(ParseIntPipe);
  for (
    const [text, value] of [["0", 0], ["42", 42], ["-7", -7], ["007", 7], ["-0", 0], [
      "9007199254740991",
      2 ** 53 - 1,
    ]] as const
  ) assertStrictEquals(parse(text), value);
  assertStrictEquals(parse(5), 5);
  for (
    const text of [
      ...[
        "",
        "-",
        "--1",
        "+1",
        " 1",
        "1 ",
        "1e3",
        "1.0",
        "0x1",
        "1_0",
        "१",
        "9007199254740992",
        "-9007199254740992",
      ],
      ...["1".repeat(400), "NaN", "Infinity", "1\n", undefined, 1.5, NaN, 2 ** 53],
    ]
  ) {
    const error = assertThrows(() => parse(text), BadRequest, undefined, String(text));
    assertEquals(error.message, 'param "id" must be an integer');
  }
});

Deno.test("ParseFloatPipe: finite decimal numbers", () => {
  const parse = step(ParseFloatPipe);
  for (
    const [text, value] of [["0", 0], ["-1.5", -1.5], [".5", 0.5], ["1.", 1], ["1e3", 1000], [
      "2E-2",
      0.02,
    ]] as const
  ) {
    assertStrictEquals(parse(text), value);
  }
  for (
    const text of [
      "",
      ".",
      "-",
      "+1",
      " 1",
      "1e",
      "1e999",
      "0x1",
      "Infinity",
      "NaN",
      "1,5",
      undefined,
      Infinity,
    ]
  ) {
    assertThrows(() => parse(text), BadRequest, 'param "id" must be a number', String(text));
  }
  assertThrows(() => parse("1".repeat(50_000) + "x"), BadRequest);
});

Deno.test("ParseBoolPipe: true and false, spelled so", () => {
  const parse = step(ParseBoolPipe);
  assertEquals([parse("true"), parse("false"), parse(true), parse(false)], [true, false, true, false]);
  for (const text of ["", "1", "0", "TRUE", "yes", " true", undefined]) {
    assertThrows(() => parse(text), BadRequest, undefined, String(text));
  }
});

Deno.test("parsing pipes: an absent value passes where it is optional, a wrong one does not", () => {
  const absent = { optional: true } as const;
  for (
    const [parse, text, value] of [
      [step(new ParseIntPipe(absent)), "1", 1],
      [step(new ParseFloatPipe(absent)), "1.5", 1.5],
      [step(new ParseBoolPipe(absent)), "false", false],
    ] as const
  ) {
    assertStrictEquals(parse(undefined), undefined);
    assertStrictEquals(parse(text), value);
    for (const wrong of ["", "x"]) assertThrows(() => parse(wrong), BadRequest);
  }
  for (const pipe of [new ParseIntPipe({ optional: false }), new ParseFloatPipe({}), new ParseIntPipe()]) {
    assertThrows(() => step(pipe)(undefined), BadRequest);
  }
});

Deno.test("DefaultValuePipe: in place of what is absent only", () => {
  const pipe = new DefaultValuePipe(7);
  assertEquals([pipe.transform(undefined), pipe.transform(""), pipe.transform("1")], [7, "", "1"]);
});

Deno.test("pipe: an object, its class and a function; anything else is refused at once", () => {
  assertEquals(step({ transform: (value: string, at: PipeContext) => value + at.name })("a"), "aid");
  assertEquals(step(ParseIntPipe)("1"), 1);
  assertEquals(step((value: string, at: PipeContext) => value + at.source)("a"), "aparam");
  assertThrows(() => stepOf({}, id, () => ({})), TypeError, 'param "id": a pipe is');
  assertThrows(() => stepOf(undefined, id, () => ({})), TypeError);
});

Deno.test("pipe: a function refuses with an HttpError or with issues; all else that it throws stays what it is", async () => {
  const thrown = (error: unknown, context = id): unknown => {
    try {
      step(() => {
        throw error;
      }, context)("x");
    } catch (passed) {
      return passed;
    }
    return "nothing was thrown";
  };
  const known = new NotFound("no such user");
  assertStrictEquals(thrown(known), known);
  const listed = thrown(
    { issues: [{ message: "m", path: ["a", 0, { key: "b" }, Symbol("s")] }, null] },
    body,
  );
  assertInstanceOf(listed, ValidationError);
  assertEquals(listed.issues, [
    { path: ["a", 0, "b", "Symbol(s)"], message: "m" },
    { path: [], message: "is not valid" },
  ]);
  for (
    const other of [
      new Error("password is hunter2"),
      new TypeError("bug"),
      { issues: 1 },
      "text",
      null,
      undefined,
    ]
  ) {
    assertStrictEquals(thrown(other), other);
  }
  const refused = new Error("ECONNREFUSED");
  const late = step(() => Promise.reject(refused))("x") as Promise<unknown>;
  assertStrictEquals(await late.catch((error: unknown) => error), refused);
  await assertRejects(
    () => step(() => Promise.reject({ issues: [] }))("x") as Promise<unknown>,
    ValidationError,
  );
});

Deno.test("pipe: what a pipe object throws stays what it is", () => {
  const bug = new TypeError("bug");
  assertStrictEquals(
    assertThrows(() =>
      step({
        transform: () => {
          throw bug;
        },
      })("x")
    ),
    bug,
  );
});

Deno.test("schema: its value, or its issues below the place", async () => {
  const schema = (
    result: StandardResult<number> | Promise<StandardResult<number>>,
  ): StandardSchema<number> => ({
    "~standard": { version: 1, vendor: "test", validate: () => result },
  });
  assert(isSchema(schema({ value: 1 })));
  assertEquals(step(schema({ value: 1 }))("x"), 1);
  assertEquals(await step(schema(Promise.resolve({ value: 2 })))("x"), 2);
  const failing = { issues: [{ message: "too small", path: ["a", { key: 1 }] }, { message: "all of it" }] };
  const error = assertThrows(() => step(schema(failing), body)("x"), ValidationError);
  assertEquals(error.issues, [{ path: ["a", 1], message: "too small" }, { path: [], message: "all of it" }]);
  assertEquals(
    (await assertRejects(
      () => step(schema(Promise.resolve(failing)))("x") as Promise<unknown>,
      ValidationError,
    )).issues,
    [
      { path: ["id", "a", 1], message: "too small" },
      { path: ["id"], message: "all of it" },
    ],
  );
  // Some libraries' schemas are functions.
  const callable = Object.assign(() => 0, schema({ value: 3 }));
  assertEquals(step(callable)("x"), 3);
});
