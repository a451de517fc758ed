import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { test } from "node:test";

globalThis.document = { body: { dataset: { api: "https://admin.example.com" } }, querySelector: () => ({ content: "" }) };
const MODULE = new URL("../../../../dashboard/static/words/commands.js", import.meta.url).href;
const { curl, outerward, quoted } = await import(MODULE);

function wordsOf(line) {
  const told = execFileSync("sh", ["-c", `for word in ${line}; do printf '%s\\0' "$word"; done`]);
  return told.toString().split("\0").slice(0, -1);
}

test("whatever a text holds, a shell reads it as one word", () => {
  for (const text of ["a", "it's", "a b", '$(id) `id` "x" \\', "obj.name == \"Ada\" && !x", "", "-x", "a\nb"]) {
    assert.deepEqual(wordsOf(quoted(text)), [text]);
  }
});

test("a call names method, token, body and address, and the token is a variable", () => {
  const line = curl("/app/users/edgusr_1?erase=true", { method: "PUT", body: { reason: "it's late" } });
  assert.deepEqual(wordsOf(line), [
    "curl",
    "-X",
    "PUT",
    "-H",
    "Authorization: Bearer ",
    "-H",
    "Content-Type: application/json",
    "-d",
    '{"reason":"it\'s late"}',
    "https://admin.example.com/app/users/edgusr_1?erase=true",
  ]);
});

test("a command has the options that are set", () => {
  assert.equal(
    outerward(["users", "ls"], { q: "ada l", filter: "", json: true }),
    "outerward users ls -q 'ada l' --json --admin https://admin.example.com",
  );
});

test("where the API is goes without saying only where the command looks by itself", () => {
  // A module of its own, for a page of its own.
  const told = execFileSync(process.execPath, ["--input-type=module", "-e", `
    globalThis.document = { body: { dataset: { api: "http://127.0.0.1:4040" } }, querySelector: () => ({ content: "" }) };
    const { outerward } = await import(${JSON.stringify(MODULE)});
    process.stdout.write(outerward(["users", "ls"]));
  `]);
  assert.equal(told.toString(), "outerward users ls");
});
