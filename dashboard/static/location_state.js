// A page's state in its address, so that a link shows the same and Back works.

import { useCallback, useEffect, useState } from "./vendor/preact.js";

function read(defaults) {
  const query = new URLSearchParams(location.search);
  return Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, query.get(name) ?? value]));
}

function write(state, defaults, keepsHistory) {
  const set = Object.entries(state).filter(([name, value]) => value !== defaults[name]);
  const query = new URLSearchParams(set).toString();
  const url = location.pathname + (query ? `?${query}` : "");
  if (url === location.pathname + location.search) return;
  history[keepsHistory ? "pushState" : "replaceState"](null, "", url);
}

/**
 * The parameters of `defaults` (texts, the same object in each call) as the address has them, and a function
 * that changes some. With `{ step: true }` the change is one that Back undoes.
 */
export function useLocationState(defaults) {
  const [state, setState] = useState(() => read(defaults));
  useEffect(() => {
    const back = () => setState(read(defaults));
    addEventListener("popstate", back);
    return () => removeEventListener("popstate", back);
  }, []);
  const change = useCallback((some, { step = false } = {}) => {
    setState((now) => {
      const next = { ...now, ...some };
      write(next, defaults, step);
      return next;
    });
  }, []);
  return [state, change];
}
