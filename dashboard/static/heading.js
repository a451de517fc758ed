// The heading of a page and the title of its window, where the server could not know them yet.

import { useEffect } from "./vendor/preact.js";
import { say } from "./words/say.js";

/** Calls the page `text`, as soon as that is known; `text` may be somebody's name and read from right to left. */
export function useHeading(text) {
  useEffect(() => {
    if (!text) return;
    const isolated = document.createElement("bdi");
    isolated.textContent = text;
    document.getElementById("title").replaceChildren(isolated);
    document.title = say("parts.window", { title: text });
  }, [text]);
}
