// SPDX-License-Identifier: Apache-2.0
#include "stats/case_differences.h"

#include <algorithm>
#include <cmath>

#include "stats/analysis_columns.h"

namespace clinnova::stats {
namespace {

using federation::Analysis;
using federation::CountBlock;
using federation::CountsOnly;
using federation::ExactSums;
using federation::Federation;
using federation::Layout;
using federation::PooledSums;
using federation::SiteView;
using federation::TypedStep;
using Columns = std::vector<std::string>;

/// Two sets of persons, each those who have a value in all of some columns.
struct CasePair {
  Columns here;
  Columns earlier;
  template <class A>
  void Fields(A& a) {
    a(here);
    a(earlier);
  }
};
struct DifferenceParameters {
  std::vector<CasePair> pairs;
  template <class A>
  void Fields(A& a) {
    a(pairs);
  }
};

Result<std::vector<std::size_t>> Places(const table::Schema& schema, const Columns& columns) {
  std::vector<std::size_t> places;
  for (const std::string& column : columns) {
    const auto place = schema.Find(column);
    if (!place) return Fail(ErrorCode::kRefused, "no column " + column, "wrong_layout");
    places.push_back(*place);
  }
  return places;
}

Result<Layout> DifferenceLayout(const Analysis&, const table::Schema& schema,
                                const DifferenceParameters& parameters) {
  for (const CasePair& pair : parameters.pairs) {
    CLINNOVA_TRY(Places(schema, pair.here));
    CLINNOVA_TRY(Places(schema, pair.earlier));
  }
  return Layout{{CountBlock("differences", parameters.pairs.size())}};
}

bool IsComplete(const table::Table& table, const std::vector<std::size_t>& places,
                std::size_t row) {
  return std::all_of(places.begin(), places.end(), [&](std::size_t place) {
    const table::Column& column = table.column(place);
    return column.codes.empty() ? !std::isnan(column.numbers[row]) : column.codes[row] >= 0;
  });
}

Result<void> DifferenceEvaluate(const SiteView& site, const DifferenceParameters& parameters,
                                ExactSums& sums) {
  for (std::size_t p = 0; p < parameters.pairs.size(); ++p) {
    CLINNOVA_ASSIGN(const auto here, Places(site.table.schema, parameters.pairs[p].here));
    CLINNOVA_ASSIGN(const auto earlier, Places(site.table.schema, parameters.pairs[p].earlier));
    std::int64_t differ = 0;
    for (std::size_t r = 0; r < site.table.rows; ++r)
      differ += IsComplete(site.table, here, r) != IsComplete(site.table, earlier, r);
    sums.AddCount(0, p, differ);
  }
  return {};
}

const TypedStep<DifferenceParameters> kStep{"gate.differences", DifferenceLayout,
                                            DifferenceEvaluate, CountsOnly{}};

/// The sets of persons that an analysis is about. A summary's variables are each by themselves.
Result<std::vector<Columns>> CaseSets(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(Columns columns, ColumnsOf(analysis));
  std::erase_if(columns, [&](const std::string& name) {
    return name == "site" || !schema.Find(name);  // never missing, or the method's own error
  });
  std::sort(columns.begin(), columns.end());
  std::vector<Columns> sets;
  if (analysis.method() == "summary") {
    for (const std::string& column : columns) sets.push_back({column});
  } else if (analysis.method() != "multiple_imputation") {  // whose rows are all complete
    sets.push_back(std::move(columns));
  }
  return sets;
}

bool ShareAVariable(const Columns& a, const Columns& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) {
    return std::binary_search(b.begin(), b.end(), name);
  });
}

}  // namespace

const federation::Step& CaseDifferenceStep() { return kStep; }

Result<void> CheckDifferences(Federation& federation, const federation::Study& study,
                              const Analysis& analysis) {
  const int k = federation.minimum_count();
  if (k == 0) return {};
  CLINNOVA_ASSIGN(const std::vector<Columns> here, CaseSets(analysis, federation.schema()));
  DifferenceParameters parameters;
  std::vector<std::string> names;
  for (const Analysis& earlier : study.analyses()) {
    if (earlier.name() == analysis.name()) break;
    CLINNOVA_ASSIGN(const std::vector<Columns> there, CaseSets(earlier, federation.schema()));
    for (const Columns& a : here) {
      for (const Columns& b : there) {
        if (a == b || !ShareAVariable(a, b)) continue;
        parameters.pairs.push_back({a, b});
        names.push_back(earlier.name());
      }
    }
  }
  if (parameters.pairs.empty()) return {};
  CLINNOVA_ASSIGN(const PooledSums sums, federation.Sum(analysis, kStep, parameters));
  for (std::size_t p = 0; p < names.size(); ++p) {
    if (sums.Count(0, p) == 0 || sums.Count(0, p) >= k) continue;
    return Fail(ErrorCode::kRefused,
                "analysis \"" + analysis.name() + "\": its complete cases differ from those of \"" +
                    names[p] + "\" by fewer than " + std::to_string(k) +
                    " persons, whom the difference would tell of; name the same columns in both",
                "differencing");
  }
  return {};
}

}  // namespace clinnova::stats
