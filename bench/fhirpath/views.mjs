// SPDX-License-Identifier: Apache-2.0
// SQL on FHIR's ViewDefinitions over fhirpath.js, as far as the benchmark's views go: where, select, forEach,
// forEachOrNull, unionAll and constants. There is no such package to install.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');

const userInvocationTable = {
  getResourceKey: {
    fn: (inputs) => inputs.map(({ data }) => `${data.resourceType}/${data.id}`),
    arity: { 0: [] },
    internalStructures: true,
  },
  getReferenceKey: {
    fn: (inputs, type) => inputs.map(({ data }) => data.reference)
      .filter((reference) => reference?.startsWith(`${type.name}/`)),
    arity: { 1: ['TypeSpecifier'] },
    internalStructures: true,
  },
};

function compilePath(expression) {
  return fhirpath.compile(expression, r4, { userInvocationTable });
}

function compileSelect(select) {
  const each = select.forEach ?? select.forEachOrNull;
  return {
    each: each === undefined ? null : compilePath(each),
    orNull: select.forEachOrNull !== undefined,
    columns: (select.column ?? []).map(
      ({ name, path, collection }) => ({ name, collection, path: compilePath(path) })),
    selects: (select.select ?? []).map(compileSelect),
    unions: (select.unionAll ?? []).map(compileSelect),
  };
}

/** A view ready for viewRows(). */
export function compileView({ resource, constant, where, select }) {
  const constants = (constant ?? []).map(
    (entry) => [entry.name, entry[Object.keys(entry).find((key) => key.startsWith('value'))]]);
  return {
    resource,
    constants: Object.fromEntries(constants),
    conditions: (where ?? []).map(({ path }) => compilePath(path)),
    select: compileSelect({ select }),
  };
}

function names(select) {
  const inner = [...select.selects, ...select.unions.slice(0, 1)];
  return [...select.columns.map(({ name }) => name), ...inner.flatMap(names)];
}

function cell({ name, collection, path }, node, constants) {
  const values = path(node, constants);
  if (collection) return values;
  if (values.length > 1) throw new Error(`${name}: several values`);
  return values[0] ?? null;
}

function product(left, right) {
  return left.flatMap((first) => right.map((second) => ({ ...first, ...second })));
}

function rowsAt(select, node, constants) {
  let rows = [{}];
  for (const column of select.columns) rows[0][column.name] = cell(column, node, constants);
  for (const inner of select.selects) rows = product(rows, selectRows(inner, node, constants));
  if (select.unions.length === 0) return rows;
  return product(rows, select.unions.flatMap((branch) => selectRows(branch, node, constants)));
}

function selectRows(select, node, constants) {
  if (!select.each) return rowsAt(select, node, constants);
  const nodes = select.each(node, constants);
  if (nodes.length === 0 && select.orNull) {
    return [Object.fromEntries(names(select).map((name) => [name, null]))];
  }
  return nodes.flatMap((focus) => rowsAt(select, focus, constants));
}

/** The rows of a resource; none where it is of another type or a condition does not hold. */
export function viewRows(view, resource) {
  if (resource.resourceType !== view.resource) return [];
  if (!view.conditions.every((holds) => holds(resource, view.constants)[0] === true)) return [];
  return selectRows(view.select, resource, view.constants);
}
