/**
 * What extractors, pipes and schemas are inferred to; what must not compile does not.
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  Body,
  DefaultValuePipe,
  type Extractor,
  Header,
  type Incoming,
  Param,
  ParseBoolPipe,
  ParseFloatPipe,
  ParseIntPipe,
  Query,
  Req,
  type StandardResult,
  type StandardSchema,
} from "@millrace/millrace/framework";

/** True only for the same type: `any` equals nothing but `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function same<_ extends true>(): void {}

interface User {
  readonly name: string;
}

declare const userSchema: StandardSchema<User>;
const parseUser = (value: unknown): User => value as User;
const loadUser = (id: string): Promise<User> => Promise.resolve({ name: id });

/** As zod's: a schema with a method that a pipe has, too. */
declare class Zodlike<T> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: "zodlike";
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: string; readonly output: T } | undefined;
  };
  transform<U>(change: (value: T) => U): Zodlike<U>;
}
/** As arktype's: a schema that can be called. */
interface Arklike<T> extends StandardSchema<T> {
  (data: unknown): T | Error;
}
declare const zodlike: Zodlike<User>;
declare const arklike: Arklike<User>;
/** By hand, without `types`. */
const byHand = {
  "~standard": {
    version: 1,
    vendor: "hand",
    validate: (value: unknown): StandardResult<number> =>
      typeof value === "number" ? { value } : { issues: [{ message: "is no number" }] },
  },
} as const;

/** Never called: this is for the compiler. */
export function schemas(): void {
  const alone = [Body(zodlike), Param("id", zodlike), Query("q", zodlike), Header("x", zodlike)] as const;
  same<Same<typeof alone[number], Extractor<User>>>();
  const called = [Body(arklike), Param("id", arklike), Query("q", arklike), Header("x", arklike)] as const;
  same<Same<typeof called[number], Extractor<User>>>();
  const hand = [Body(byHand), Query("q", byHand)] as const;
  same<Same<typeof hand[number], Extractor<number>>>();
  const before = [
    Body(zodlike, (user) => user.name),
    Param("id", arklike, (user) => user.name),
    Query("q", zodlike, (user: User) => Promise.resolve(user.name)),
  ] as const;
  same<Same<typeof before[number], Extractor<string>>>();
  const after = [
    Body((value) => value, zodlike),
    Query("q", new DefaultValuePipe(1), arklike),
    Header("x", ParseIntPipe, zodlike),
    Body(arklike, zodlike),
    Param("id", zodlike, arklike),
  ] as const;
  same<Same<typeof after[number], Extractor<User>>>();

  // @ts-expect-error the pipe does not take what the schema gives
  Body(zodlike, ParseIntPipe);
  // @ts-expect-error nor this one
  Query("q", arklike, (value: string) => value);
}

/** Never called: this is for the compiler. */
export function extractors(): void {
  same<Same<ReturnType<typeof text>, Extractor<string>>>();
  function text() {
    return Param("id");
  }
  const int = Param("id", ParseIntPipe);
  same<Same<typeof int, Extractor<number>>>();
  const instance = Param("id", new ParseIntPipe());
  same<Same<typeof instance, Extractor<number>>>();
  const bool = Query("on", ParseBoolPipe);
  same<Same<typeof bool, Extractor<boolean>>>();
  const optional = Query("page");
  same<Same<typeof optional, Extractor<string | undefined>>>();
  const paged = Query("page", new DefaultValuePipe(1), ParseIntPipe);
  same<Same<typeof paged, Extractor<number>>>();
  const field = Header("x-id");
  same<Same<typeof field, Extractor<string | undefined>>>();
  const price = Header("x-price", ParseFloatPipe);
  same<Same<typeof price, Extractor<number>>>();
  const raw = Body();
  same<Same<typeof raw, Extractor<unknown>>>();
  const checked = Body(userSchema);
  same<Same<typeof checked, Extractor<User>>>();
  const parsed = Body(parseUser);
  same<Same<typeof parsed, Extractor<User>>>();
  const loaded = Param("id", loadUser);
  same<Same<typeof loaded, Extractor<User>>>();
  const chained = Param("id", ParseIntPipe, (id) => new Date(id));
  same<Same<typeof chained, Extractor<Date>>>();
  const request = Req();
  same<Same<typeof request, Extractor<Incoming>>>();
  const optionally = Query("page", new ParseIntPipe({ optional: true }));
  same<Same<typeof optionally, Extractor<number | undefined>>>();
  const perhaps = Query("on", new ParseBoolPipe({ optional: true }));
  same<Same<typeof perhaps, Extractor<boolean | undefined>>>();
  const rate = Header("x-rate", new ParseFloatPipe({ optional: true }), (n) => n ?? "none");
  same<Same<typeof rate, Extractor<number | "none">>>();
  const required = Query("page", new ParseIntPipe({ optional: false }));
  same<Same<typeof required, Extractor<number>>>();

  // @ts-expect-error a pipe for numbers does not take the text of a path
  Param("id", (id: number) => id);
  // @ts-expect-error a query's value may be missing
  Query("page", (page: string) => page.length);
  // @ts-expect-error the second pipe does not take what the first gives
  Param("id", ParseIntPipe, ParseBoolPipe);
}

Deno.test("types: an extractor keeps what it was given", async () => {
  const extractor = Query("n", ParseIntPipe, byHand);
  assertEquals([extractor.source, extractor.name, extractor.pipes.length], ["query", "n", 2]);
  assertEquals(await byHand["~standard"].validate(7), { value: 7 });
});
