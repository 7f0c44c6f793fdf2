// SPDX-License-Identifier: Apache-2.0
// The API's types, as docs/openapi.json defines them (schema.d.ts is written by `npm run types`).
import type { components } from "./schema";

type Schemas = components["schemas"];
export type Status = Schemas["Status"];
export type Site = Schemas["Site"];
export type StudySummary = Schemas["StudySummary"];
export type Study = Schemas["Study"];
export type StudyState = Schemas["StudyState"];
export type Progress = Schemas["Progress"];
export type ResultFile = Schemas["ResultFile"];
export type Analysis = Schemas["Analysis"];
