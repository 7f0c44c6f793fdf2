// SPDX-License-Identifier: Apache-2.0
// One record (Satz) of a German laboratory message, LDT 2 or LDT 3, cut into what a mapping speaks
// of: the report and its results.
//
//   LDT 2: a flat list of fields; each 8410 begins a result.
//   LDT 3: a tree; field 8002 opens an object and 8003 closes it, and the field before 8002 says what the
//   object is to the one around it. An object with a field 8410 of its own is a result.
//
//   LdtReport report = SplitLdt3(record);
//   report.results[0].fields   // {"8410","CRP"}, {"8420","12,4"}, {"8142.8462","5"} (upper limit)
//   report.fields              // {"8145.8147.3103","19610701"} (patient, person, birth date)
//
// Source: KBV, LDT Datensatzbeschreibung LDT1014.01 (5.12) and LDT 3.2.20. Thread rule: pure
// functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace clinnova::intake {

/// One line: identifier and content. A line that is not well formed keeps its place with a rule.
struct LdtField {
  std::string id;    ///< four digits
  std::string text;  ///< UTF-8
  std::uint64_t line = 0;
  std::string_view rule = {};  ///< "ldt.length", "ldt.line", "ldt.encoding", or empty
  std::string message = {};
  std::string raw = {};  ///< for quarantine, where the line is not well formed
};

/// "8201" and its lines, the first of which says so.
struct LdtRecord {
  std::string type;
  std::uint64_t line = 0;
  std::vector<LdtField> fields;
};

/// What is wrong with a part of a record.
struct LdtProblem {
  std::uint64_t line = 0;
  std::string_view rule = {};  ///< empty = nothing
  std::string message = {};
  std::string raw = {};
};

using LdtValues = std::vector<std::pair<std::string, std::string>>;  ///< column, text

struct LdtResult {
  std::uint64_t line = 0;
  LdtValues fields;    ///< its own, and those of its specimen
  LdtProblem problem;  ///< it cannot be trusted
  std::string raw;     ///< its own fields, for quarantine
};

struct LdtReport {
  LdtValues fields;
  std::vector<LdtResult> results;
  LdtProblem problem;  ///< the report cannot be trusted, and none of its results
  std::string raw;     ///< fields that name no patient
};

/// Whether a field is about orders, specimens and tests and names no patient: what quarantine may
/// show.
bool NamesNobody(std::string_view id);

LdtReport SplitLdt2(const LdtRecord& record);
LdtReport SplitLdt3(const LdtRecord& record);

}  // namespace clinnova::intake
