// SPDX-License-Identifier: Apache-2.0
// A JSON document as a tree that keeps what FHIR needs kept: the digits of numbers (1.50 is not 1.5) and
// the order of members.
//
//   auto patient = ParseJsonTree(text);                     // a Result
//   const JsonTree* name = patient->Find("name");           // null when absent
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace clinnova::intake {

struct JsonTree {
  enum class Kind { kNull, kBoolean, kNumber, kString, kArray, kObject };

  Kind kind = Kind::kNull;
  bool boolean = false;
  std::string text = {};             ///< of a string; of a number as it stands in the document
  std::vector<JsonTree> items = {};  ///< of an array
  std::vector<std::pair<std::string, JsonTree>> members = {};  ///< of an object
  bool has_underscore =
      false;  ///< of an object: a member's name begins with '_' (FHIR: of a primitive)

  bool IsObject() const { return kind == Kind::kObject; }
  bool IsArray() const { return kind == Kind::kArray; }
  bool IsString() const { return kind == Kind::kString; }
  bool IsNull() const { return kind == Kind::kNull; }

  /// The member of that name; null when there is none or this is no object.
  const JsonTree* Find(std::string_view name) const;
  /// The text of a string member, "" when there is none.
  std::string_view Text(std::string_view name) const;
};

/// Deepest nesting of a document that is read.
inline constexpr int kDeepestJson = 512;

/// kInvalidInput with the byte where the text stops being JSON, or when it nests deeper than kDeepestJson.
Result<JsonTree> ParseJsonTree(std::string_view text);

/// The tree as JSON text without insignificant blanks; numbers as they were.
void AppendJson(const JsonTree& tree, std::string& out);
/// `text` as a JSON string with its quotes; bytes that are no UTF-8 are replaced.
void AppendJsonString(std::string_view text, std::string& out);

}  // namespace clinnova::intake
