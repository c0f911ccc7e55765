import { assertEquals } from "@std/assert";
import { tally } from "./junit.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="6" failures="1" errors="0" time="0.026">
    <testsuite name="./a_test.ts" tests="6" disabled="2" errors="0" failures="1">
        <testcase name="one" classname="./a_test.ts" time="0.020" line="1" col="6">
        </testcase>
        <testcase name="two &gt; &quot;step&quot;" classname="./a_test.ts" time="0.020" line="1" col="6"/>
        <testcase name="three" classname="./a_test.ts" time="0.001" line="2" col="6">
            <failure message="Uncaught">error: &lt;skipped/&gt; is only text here</failure>
        </testcase>
        <testcase name="curl &amp; co [skipped: curl is not installed]" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
        <testcase name="no reason" classname="./a_test.ts" time="0.000">
            <skipped/>
        </testcase>
    </testsuite>
</testsuites>`;

Deno.test("a report is counted, and each skip keeps its reason", () => {
  assertEquals(tally(REPORT), {
    passed: 2,
    failed: 1,
    skips: [
      { name: "curl & co", reason: "curl is not installed" },
      { name: "no reason", reason: "" },
    ],
  });
});

Deno.test("an empty report counts nothing", () => {
  assertEquals(tally(""), { passed: 0, failed: 0, skips: [] });
});
