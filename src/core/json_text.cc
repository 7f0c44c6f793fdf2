// SPDX-License-Identifier: Apache-2.0
#include "core/json_text.h"

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace clinnova::core {
namespace {

void AppendNumber(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += "null";
    return;
  }
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  out += text;
}

bool IsFlat(const nlohmann::ordered_json& value) {
  for (const auto& item : value) {
    if (item.is_structured()) return false;
  }
  return true;
}

void Append(const nlohmann::ordered_json& value, std::size_t depth, std::string& out) {
  if (value.is_number_float()) return AppendNumber(value.get<double>(), out);
  if (!value.is_structured() || value.empty()) {
    out += value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    return;
  }
  const bool object = value.is_object();
  const bool one_line = !object && IsFlat(value);
  const auto new_line = [&](std::size_t levels) {
    if (!one_line) out.append("\n").append(2 * levels, ' ');
  };
  out += object ? '{' : '[';
  bool first = true;
  for (auto item = value.begin(); item != value.end(); ++item) {
    if (!first) out += one_line ? ", " : ",";
    first = false;
    new_line(depth + 1);
    if (object) out += nlohmann::json(item.key()).dump() + ": ";
    Append(*item, depth + 1, out);
  }
  new_line(depth);
  out += object ? '}' : ']';
}

}  // namespace

std::string CanonicalJson(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ResultJson(const nlohmann::ordered_json& value) {
  std::string out;
  Append(value, 0, out);
  out += '\n';
  return out;
}

}  // namespace clinnova::core
