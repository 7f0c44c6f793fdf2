// SPDX-License-Identifier: Apache-2.0
#include "comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>

namespace clinnova::golden {
namespace {

using nlohmann::json;

constexpr double kFloor = 1e-6;
constexpr double kCovarianceFloor = 1e-3;  // of the two standard errors' product
constexpr size_t kMostLines = 20;

double LargestAbsolute(const json& value) {
  if (value.is_number()) return std::fabs(value.get<double>());
  if (!value.is_array()) return 0;
  double largest = 0;
  for (const json& item : value) largest = std::max(largest, LargestAbsolute(item));
  return largest;
}

double FieldScale(const json& objects, const std::string& key) {
  double largest = 0;
  for (const json& object : objects) {
    if (object.is_object() && object.contains(key)) {
      largest = std::max(largest, LargestAbsolute(object[key]));
    }
  }
  return largest;
}

bool HasStandardError(const json& object) {
  return object.contains("std_error") && object["std_error"].is_number() &&
         object.contains("estimate") && object["estimate"].is_number();
}

bool IsMatrix(const json& object) {
  return object.contains("names") && object.contains("values") && object["values"].is_array() &&
         object["values"].size() == object["names"].size();
}

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return text;
}

class Walk {
 public:
  explicit Walk(const Tolerances& tolerances) : tolerances_(tolerances) {}

  void Value(const json& expected, const json& actual, const std::string& path,
             const std::string& field, double scale) {
    if (expected.is_object() && actual.is_object()) return Object(expected, actual, path, nullptr);
    if (expected.is_array() && actual.is_array())
      return Array(expected, actual, path, field, scale);
    if (expected.is_number() && actual.is_number())
      return Number(expected, actual, path, field, scale);
    if (expected != actual) Mismatch(path, expected, actual);
  }

  Comparison Take() { return std::move(found_); }

 private:
  // `siblings` is the array that the object stands in, if any.
  void Object(const json& expected, const json& actual, const std::string& path,
              const json* siblings) {
    if (IsMatrix(expected)) return Matrix(expected, actual, path);
    for (const auto& [key, value] : expected.items()) {
      const std::string below = path.empty() ? key : path + "." + key;
      if (key == "warnings_contain") {
        Warnings(value.get<std::string>(), actual, below);
      } else if (!actual.contains(key)) {
        found_.mismatches.push_back(below + ": missing");
      } else {
        Value(value, actual[key], below, key, Scale(expected, key, siblings));
      }
    }
  }

  static double Scale(const json& object, const std::string& key, const json* siblings) {
    if (HasStandardError(object) &&
        (key == "estimate" || key == "conf_low" || key == "conf_high")) {
      return std::max(LargestAbsolute(object["estimate"]), LargestAbsolute(object["std_error"]));
    }
    return siblings == nullptr ? 0 : FieldScale(*siblings, key);
  }

  void Array(const json& expected, const json& actual, const std::string& path,
             const std::string& field, double scale) {
    if (expected.size() != actual.size()) {
      found_.mismatches.push_back(
          fmt::format("{}: {} elements, expected {}", path, actual.size(), expected.size()));
      return;
    }
    const double widest = std::max(scale, LargestAbsolute(expected));
    for (size_t i = 0; i < expected.size(); ++i) {
      const std::string below = fmt::format("{}[{}]", path, i);
      if (expected[i].is_object() && actual[i].is_object()) {
        Object(expected[i], actual[i], below, &expected);
      } else {
        Value(expected[i], actual[i], below, field, widest);
      }
    }
  }

  void Matrix(const json& expected, const json& actual, const std::string& path) {
    if (!actual.contains("names") || actual["names"] != expected["names"] ||
        !actual.contains("values") || actual["values"].size() != expected["values"].size()) {
      return Mismatch(path + ".names", expected["names"], actual.value("names", json()));
    }
    const json& values = expected["values"];
    for (size_t i = 0; i < values.size(); ++i) {
      if (actual["values"][i].size() != values[i].size()) {
        return Mismatch(fmt::format("{}.values[{}]", path, i), values[i], actual["values"][i]);
      }
      for (size_t j = 0; j < values[i].size(); ++j) {
        const double scale =
            std::sqrt(LargestAbsolute(values[i][i]) * LargestAbsolute(values[j][j])) *
            kCovarianceFloor / kFloor;
        Value(values[i][j], actual["values"][i][j], fmt::format("{}.values[{}][{}]", path, i, j),
              "vcov", scale);
      }
    }
  }

  void Number(const json& expected, const json& actual, const std::string& path,
              const std::string& field, double scale) {
    const double want = expected.get<double>();
    const double got = actual.get<double>();
    const double difference = std::fabs(got - want);
    const double reference = std::max(std::fabs(want), kFloor * scale);
    const double deviation =
        difference == 0 ? 0 : difference / reference;  // infinite where both are 0
    const auto special = tolerances_.by_field.find(field);
    const double allowed =
        special == tolerances_.by_field.end() ? tolerances_.tolerance : special->second;
    ++found_.numbers;
    found_.worst = std::max(found_.worst, deviation);
    if (deviation / allowed > found_.worst_share) {
      found_.worst_share = deviation / allowed;
      found_.worst_path = path;
    }
    if (!(deviation <= allowed)) {
      found_.mismatches.push_back(
          fmt::format("{}: {:.17g}, expected {:.17g} (off by {:.1e}, allowed {:.0e})", path, got,
                      want, deviation, allowed));
    }
  }

  void Warnings(const std::string& text, const json& actual, const std::string& path) {
    const json warnings = actual.value("warnings", json::array());
    const bool found = std::any_of(warnings.begin(), warnings.end(), [&](const json& warning) {
      return warning.is_string() &&
             Lower(warning.get<std::string>()).find(Lower(text)) != std::string::npos;
    });
    if (!found)
      found_.mismatches.push_back(path + ": no warning has \"" + text + "\": " + warnings.dump());
  }

  void Mismatch(const std::string& path, const json& expected, const json& actual) {
    found_.mismatches.push_back(path + ": " + actual.dump() + ", expected " + expected.dump());
  }

  const Tolerances& tolerances_;  // not owned, outlives this
  Comparison found_;
};

}  // namespace

std::string Comparison::Describe() const {
  std::string text;
  for (size_t i = 0; i < std::min(mismatches.size(), kMostLines); ++i)
    text += "  " + mismatches[i] + "\n";
  if (mismatches.size() > kMostLines) {
    text += fmt::format("  and {} more\n", mismatches.size() - kMostLines);
  }
  return text + fmt::format("  {} numbers, worst deviation {:.1e}, nearest to its tolerance at {}",
                            numbers, worst, worst_path);
}

Comparison Compare(const json& expected, const json& actual, const Tolerances& tolerances) {
  Walk walk(tolerances);
  walk.Value(expected, actual, "", "", 0);
  return walk.Take();
}

}  // namespace clinnova::golden
