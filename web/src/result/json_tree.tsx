// SPDX-License-Identifier: Apache-2.0
// Whatever has no view of its own, readable: what a newer method gives is never hidden.
import { formatNumber } from "../format";
import type { Json } from "./read_result";

function Leaf({ value }: { value: Json }) {
  if (typeof value === "number") return <span title={String(value)}>{formatNumber(value)}</span>;
  if (value === null) return <span className="suppressed">null</span>;
  return <span>{String(value)}</span>;
}

const isLeaf = (value: Json) => typeof value !== "object" || value === null;

function Branch({ name, value, depth }: { name: string; value: Json; depth: number }) {
  if (isLeaf(value)) {
    return (
      <div>
        <span className="soft">{name}:</span> <Leaf value={value} />
      </div>
    );
  }
  if (Array.isArray(value) && value.every(isLeaf)) {
    return (
      <div>
        <span className="soft">{name}:</span>{" "}
        {value.map((item, i) => (
          <span key={i}>
            {i > 0 && ", "}
            <Leaf value={item} />
          </span>
        ))}
      </div>
    );
  }
  return (
    <details open={depth < 1}>
      <summary>
        {name} <span className="soft">({Object.keys(value as object).length})</span>
      </summary>
      <JsonTree value={value} depth={depth + 1} />
    </details>
  );
}

export function JsonTree({ value, depth = 0 }: { value: Json; depth?: number }) {
  return (
    <div className="tree">
      {Object.entries(value as object).map(([name, item]) => (
        <Branch key={name} name={name} value={item as Json} depth={depth} />
      ))}
    </div>
  );
}
