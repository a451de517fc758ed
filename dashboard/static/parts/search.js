// The search bar: asks as one types, a moment after the last key.

import { html, useEffect, useRef, useState } from "../vendor/preact.js";
import { say } from "../words/say.js";
import { Icon } from "./icons.js";

const REST_MS = 150;

/** A field called *Search*; `hint` says what is searched. "/" leads into it from anywhere on the page. */
export function Search({ value, onChange, hint, name = say("parts.search") }) {
  const [text, setText] = useState(value);
  const field = useRef(null);
  const sent = useRef(value);
  useEffect(() => {
    // What comes back of what was typed here is not newer than what has been typed since.
    if (value === sent.current) return;
    sent.current = value;
    setText(value);
  }, [value]);
  useEffect(() => {
    if (text === value) return undefined;
    const timer = setTimeout(() => {
      sent.current = text;
      onChange(text);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => {
    const slash = (event) => {
      const isTyping = event.target.closest?.("input, textarea, select, dialog");
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      field.current.focus();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);
  return html`<div role="search" class="search">
    <${Icon} name="search" />
    <input
      ref=${field}
      type="search"
      aria-label=${name}
      placeholder=${hint}
      autocomplete="off"
      spellcheck=${false}
      maxlength="200"
      value=${text}
      onInput=${(event) => setText(event.target.value)}
    />
  </div>`;
}
