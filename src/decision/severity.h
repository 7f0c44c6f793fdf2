// SPDX-License-Identifier: Apache-2.0
// Multiple sclerosis severity: where a patient's EDSS stands among patients of the same disease duration
// (MSSS) or age (ARMSS), from 0 to 10, by the published tables (data/*.tsv).
//
//   SeverityTable(Severity::kMsss2005).At(5, 3.0);    // 5.79
//   SeverityTable(Severity::kArmss2017).At(35, 3.0);  // 6.63
//
// A row holds for one whole year: years are rounded down. The rows are found by the year written in them;
// the 2005 table begins with year 0, the 2017 MSSS with year 1, ARMSS with age 18.
// Sources: R. H. S. R. Roxburgh et al., Neurology 64 (2005) 1144; A. Manouchehrinia et al., Mult. Scler. 23
// (2017) 1938. Thread rule: immutable.
#pragma once

#include <optional>
#include <vector>

namespace clinnova::decision {

enum class Severity { kMsss2005, kMsss2017, kArmss2017 };

class SeverityTable {
 public:
  explicit SeverityTable(Severity which);

  /// Nothing where the table has no row for the year or no column for the EDSS (0, 1, 1.5, … 9.5).
  std::optional<double> At(double years, double edss) const;
  int first_year() const { return first_year_; }
  int last_year() const { return first_year_ + static_cast<int>(rows_.size()) - 1; }

 private:
  int first_year_ = 0;
  std::vector<std::vector<double>> rows_;  ///< one per year, one value per EDSS step
};

}  // namespace clinnova::decision
