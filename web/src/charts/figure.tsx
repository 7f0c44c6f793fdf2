// SPDX-License-Identifier: Apache-2.0
// Puts a plot into the page at the width there is, and again when that changes.
import { type ReactNode, useEffect, useRef, useState } from "react";

interface FigureProps {
  kind: string;
  caption: string;
  /** Draws at a width in pixels. A new function draws anew: keep it with useCallback. */
  draw: (width: number) => SVGElement | HTMLElement;
  children?: ReactNode;
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setWidth(Math.floor(element.clientWidth)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

export function Figure({ kind, caption, draw, children }: FigureProps) {
  const { ref, width } = useWidth();
  useEffect(() => {
    const element = ref.current;
    if (!element || width === 0) return;
    const plot = draw(Math.min(width, 1040));
    // Its rules are in theme.css: the content security policy refuses <style> elements.
    for (const style of plot.querySelectorAll("style")) style.remove();
    plot.setAttribute("role", "img");
    plot.setAttribute("aria-label", caption);
    element.replaceChildren(plot);
  }, [ref, draw, width, caption]);
  return (
    <figure className="chart" data-chart={kind}>
      <figcaption>{caption}</figcaption>
      <div ref={ref} />
      {children}
    </figure>
  );
}
