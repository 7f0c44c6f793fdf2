// SPDX-License-Identifier: Apache-2.0
// How the stages of an import write what may be missing, and a code beside its concept.
//
//   TextOrNull(rows, sample.container);
//   CodeOrNull(rows, lookup, sample.body_site);   // two columns: concept_id, source value
#pragma once

#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/duckdb.h"
#include "intake/record_resolver.h"
#include "intake/source_record.h"

namespace clinnova::intake {

template <typename Rows>
void TextOrNull(Rows& rows, std::string_view text) {
  text.empty() ? rows.Null() : rows.Text(text);
}

template <typename Rows, typename T>
void NumberOrNull(Rows& rows, const std::optional<T>& number) {
  if (!number) {
    rows.Null();
  } else if constexpr (std::is_same_v<T, double>) {
    rows.Double(*number);
  } else {
    rows.Int64(*number);
  }
}

/// The standard concept of the first code that has one, or 0, and that code; NULL twice where there is no code.
void CodeOrNull(core::SqlAppender& rows, CodeLookup& lookup, const std::vector<SourceCode>& codes);

}  // namespace clinnova::intake
