/**
 * Stand-in for `@std/expect` where JSR cannot be reached: the same matchers from the npm package.
 *
 * @module
 */

// deno-lint-ignore no-import-prefix -- only this stand-in may know the package
export { expect } from "npm:expect@^30.0.0";
