// SPDX-License-Identifier: Apache-2.0
// For fuzz targets of what people write: an error is one line that says something.
#pragma once

#include <cstdlib>
#include <string>
#include <string_view>

#include "core/error.h"

namespace clinnova::fuzz {

/// Aborts where the error has no message, more than one line, or does not name `file`.
template <typename T>
void MustTellInOneLine(const Result<T>& result, std::string_view file = {}) {
  if (result) return;
  const std::string& message = result.error().message;
  if (message.empty() || message.find('\n') != message.npos) std::abort();
  if (message.find(file) == message.npos) std::abort();
}

}  // namespace clinnova::fuzz
