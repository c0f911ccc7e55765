/**
 * Loaded before each test file: opens the native library, which stays open as long as the process. Opened inside of
 * a doc block, it would count as that test's leak.
 *
 * @module
 */

import { native } from "../../ffi/load.ts";

try {
  native();
} catch {
  // Tests that need it are skipped with the reason, see skip.ts.
}
