// Short notes of what has just happened, said aloud by screen readers.

import { html, useEffect, useState } from "../vendor/preact.js";

const SHOWN_MS = 6000;
const KEPT = "outerward-note";
const notes = new EventTarget();
let number = 0;

/** Shows `text` for a while. */
export function toast(text) {
  notes.dispatchEvent(new CustomEvent("note", { detail: { text, id: (number += 1) } }));
}

/** Shows `text` on the page that this browser window comes to next. */
export function toastOnNextPage(text) {
  sessionStorage.setItem(KEPT, text);
}

function showKept() {
  const text = sessionStorage.getItem(KEPT);
  if (text === null) return;
  sessionStorage.removeItem(KEPT);
  toast(text);
}

export function Toasts() {
  const [shown, setShown] = useState([]);
  useEffect(() => {
    const hear = ({ detail }) => {
      setShown((now) => [...now, detail]);
      setTimeout(() => setShown((now) => now.filter(({ id }) => id !== detail.id)), SHOWN_MS);
    };
    notes.addEventListener("note", hear);
    showKept();
    return () => notes.removeEventListener("note", hear);
  }, []);
  return shown.map(({ id, text }) => html`<p class="toast" key=${id}>${text}</p>`);
}
