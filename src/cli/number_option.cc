// SPDX-License-Identifier: Apache-2.0
#include "cli/number_option.h"

#include <charconv>
#include <string>

namespace clinnova::cli {
namespace {

/// "1 to 256"; of a range without an end only where it begins.
template <typename Number>
std::string Range(Number least, Number most, bool open) {
  const auto text = [](Number number) {
    char digits[32];
    return std::string(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
  };
  return text(least) + (open ? "" : " to " + text(most));
}

template <typename Number>
CLI::Validator Within(const std::string& kind, Number least, Number most) {
  const bool open =
      most == std::numeric_limits<Number>::max() || most == std::numeric_limits<Number>::infinity();
  const std::string range = Range(least, most, open);
  const auto check = [=](const std::string& given) -> std::string {
    Number number{};
    const char* end = given.data() + given.size();
    const auto [stop, error] = std::from_chars(given.data(), end, number);
    const bool within = error == std::errc() && stop == end && number >= least && number <= most;
    return within ? "" : "found \"" + given + "\", expected " + kind + " from " + range;
  };
  return {check, open ? "" : range};  // the range stands in --help
}

}  // namespace

CLI::Validator WholeNumber(std::int64_t least, std::int64_t most) {
  return Within("a whole number", least, most);
}

CLI::Validator DecimalNumber(double least, double most) { return Within("a number", least, most); }

}  // namespace clinnova::cli
