import assert from "node:assert/strict";
import { test } from "node:test";
import { frameOf, frames } from "../../../../dashboard/static/api/server_sent.js";

const bytes = new TextEncoder();

function bodyOf(...chunks) {
  return new ReadableStream({
    start(control) {
      for (const chunk of chunks) control.enqueue(chunk);
      control.close();
    },
  });
}

async function read(body) {
  const found = [];
  for await (const frame of frames(body)) found.push(frame);
  return found;
}

test("a frame has its id, its name and its data", () => {
  const frame = frameOf('id: evt_1_0\nevent: login\ndata: {"type": "login"}');
  assert.deepEqual(frame, { id: "evt_1_0", event: "login", data: '{"type": "login"}' });
});

test("comments and unknown fields say nothing", () => {
  assert.deepEqual(frameOf(": heartbeat\nretry: 1000\nid: evt_2_0"), { id: "evt_2_0", event: "", data: "" });
});

test("frames are the same however the bytes are cut, also within a letter", async () => {
  const whole = bytes.encode('id: evt_1_0\ndata: "Chloé"\n\nid: evt_2_0\ndata: "b"\n\n');
  const expected = [
    { id: "evt_1_0", event: "", data: '"Chloé"' },
    { id: "evt_2_0", event: "", data: '"b"' },
  ];
  for (let cut = 0; cut <= whole.length; cut += 1) {
    assert.deepEqual(await read(bodyOf(whole.slice(0, cut), whole.slice(cut))), expected);
  }
});

test("what is not whole when the body ends is no frame", async () => {
  assert.deepEqual(await read(bodyOf(bytes.encode("id: evt_1_0\ndata: 1"))), []);
});
