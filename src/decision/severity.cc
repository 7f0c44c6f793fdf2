// SPDX-License-Identifier: Apache-2.0
#include "decision/severity.h"

#include <cmath>
#include <string_view>

#include "core/check.h"
#include "vocabulary/tab_separated.h"

namespace clinnova::embedded {
extern const std::string_view msss_2005;
extern const std::string_view msss_2017;
extern const std::string_view armss_2017;
}  // namespace clinnova::embedded

namespace clinnova::decision {
namespace {

constexpr std::size_t kSteps = 19;  ///< 0, 1, 1.5, … 9.5

std::string_view TextOf(Severity which) {
  switch (which) {
    case Severity::kMsss2005: return embedded::msss_2005;
    case Severity::kMsss2017: return embedded::msss_2017;
    case Severity::kArmss2017: return embedded::armss_2017;
  }
  return {};
}

}  // namespace

SeverityTable::SeverityTable(Severity which) {
  vocabulary::ForEachRow(TextOf(which), [this](const auto& fields) {
    CLINNOVA_CHECK(fields.size() == kSteps + 1);
    const int year = static_cast<int>(vocabulary::NumberField<double>(fields[0]));
    if (rows_.empty()) first_year_ = year;
    CLINNOVA_CHECK(year == first_year_ + static_cast<int>(rows_.size()));
    std::vector<double> row;
    for (std::size_t i = 1; i <= kSteps; ++i)
      row.push_back(vocabulary::NumberField<double>(fields[i]));
    rows_.push_back(std::move(row));
  });
}

std::optional<double> SeverityTable::At(double years, double edss) const {
  const double row = std::floor(years) - first_year_;
  const double halves = 2 * edss;
  if (row < 0 || row >= static_cast<double>(rows_.size())) return std::nullopt;
  if (halves != std::floor(halves) || halves < 0 || halves == 1 || halves > 19) return std::nullopt;
  const std::size_t step = halves == 0 ? 0 : static_cast<std::size_t>(halves) - 1;
  return rows_[static_cast<std::size_t>(row)][step];
}

}  // namespace clinnova::decision
