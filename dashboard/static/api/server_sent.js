// Server-sent events out of the bytes of a body (WHATWG HTML §9.2.6), as far as the API's stream uses them.

/** The frames of `body` (a ReadableStream of bytes), each whole. */
export async function* frames(body) {
  const decoder = new TextDecoder();
  let unread = "";
  for await (const chunk of chunksOf(body)) {
    unread += decoder.decode(chunk, { stream: true });
    const parts = unread.split("\n\n");
    unread = parts.pop();
    yield* parts.map(frameOf);
  }
}

/** The chunks of a body, which not every browser can iterate by itself. */
async function* chunksOf(body) {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The fields of one frame; a line that begins with a colon is a comment. */
export function frameOf(text) {
  const frame = { id: "", event: "", data: "" };
  for (const line of text.split("\n")) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name === "data") frame.data += value;
    else if (name in frame) frame[name] = value;
  }
  return frame;
}
