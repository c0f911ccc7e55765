/** The body of `POST /users`: five fields, checked by hand as a schema library would. */

import { ValidationError } from "@millrace/millrace/framework";
import type { Issue } from "@millrace/millrace/framework";

/** A user to be made. */
export interface NewUser {
  readonly name: string;
  readonly email: string;
  readonly age: number;
  readonly active: boolean;
  readonly tags: readonly string[];
}

const MAX_NAME = 100;
const MAX_AGE = 150;
const MAX_TAGS = 16;
const EMAIL = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

type Check = (value: unknown) => string | null;

const CHECKS: Readonly<Record<keyof NewUser, Check>> = {
  name: (value) =>
    typeof value === "string" && value.length >= 1 && value.length <= MAX_NAME
      ? null
      : `must be a text of 1 to ${MAX_NAME} characters`,
  email: (value) => typeof value === "string" && EMAIL.test(value) ? null : "must be an address",
  age: (value) =>
    Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_AGE
      ? null
      : `must be an integer from 0 to ${MAX_AGE}`,
  active: (value) => typeof value === "boolean" ? null : "must be true or false",
  tags: (value) =>
    Array.isArray(value) && value.length <= MAX_TAGS && value.every((tag) => typeof tag === "string")
      ? null
      : `must be a list of at most ${MAX_TAGS} texts`,
};
const FIELDS = Object.entries(CHECKS) as [keyof NewUser, Check][];

/** The user of a body, without anything else that it holds; throws every failure at once. */
export function parseNewUser(body: unknown): NewUser {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw new ValidationError([{ path: [], message: "must be an object" }]);
  }
  const input = body as Record<keyof NewUser, unknown>;
  const issues: Issue[] = [];
  for (const [field, check] of FIELDS) {
    const message = check(Object.hasOwn(input, field) ? input[field] : undefined);
    if (message !== null) issues.push({ path: [field], message });
  }
  if (issues.length > 0) throw new ValidationError(issues);
  const { name, email, age, active, tags } = input as NewUser;
  return { name, email, age, active, tags };
}
