// SPDX-License-Identifier: Apache-2.0
#include "learn/choice_policy_cells.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "learn/cell_search.h"
#include "learn/choice_inputs.h"
#include "learn/choice_rows.h"

namespace clinnova::learn {

using federation::Analysis;

namespace {

Result<void> CheckNames(const Analysis& analysis, const std::vector<ChoiceInput>& inputs,
                        const std::vector<std::string>& names) {
  std::string expected;
  for (const ChoiceInput& input : inputs) {
    if (input.name != "site") expected += (expected.empty() ? "" : ", ") + input.name;
  }
  for (const std::string& name : names) {
    const bool known = name != "site" && std::ranges::any_of(inputs, [&](const ChoiceInput& input) {
                         return input.name == name;
                       });
    if (known) continue;
    return analysis.Wrong("policy_tree_columns", "found \"" + name +
                                                     "\", expected columns that the covariates "
                                                     "name, but not site: " +
                                                     expected);
  }
  return {};
}

}  // namespace

Result<std::vector<Feature>> PolicyFeatures(const Analysis& analysis, const table::Schema& schema) {
  CLINNOVA_ASSIGN(const std::vector<ChoiceInput> inputs, InputsOf(analysis, schema));
  CLINNOVA_ASSIGN(const std::vector<std::string> names, analysis.Texts("policy_tree_columns"));
  CLINNOVA_TRY(CheckNames(analysis, inputs, names));
  std::vector<Feature> features;
  for (const ChoiceInput& input : inputs) {
    const bool named =
        !analysis.Has("policy_tree_columns") || std::ranges::find(names, input.name) != names.end();
    if (!named || input.name == "site") continue;
    if (input.factor && (input.levels.empty() || input.levels.size() > kMostBins)) {
      return analysis.Wrong("policy_tree_columns",
                            input.name + " has " + std::to_string(input.levels.size()) +
                                " levels, expected 1 to " + std::to_string(kMostBins));
    }
    features.push_back(
        {.name = input.name, .column = input.column, .levels = input.levels.size(), .cuts = {}});
  }
  if (features.empty()) {
    return analysis.Wrong("policy_tree_columns", "found none, expected a column that may be asked");
  }
  return features;
}

std::vector<double> CutsOfHistogram(const std::vector<std::int64_t>& histogram, double center,
                                    double scale, std::int64_t bins) {
  std::int64_t total = 0;
  for (const std::int64_t count : histogram) total += count;
  const double width = 10.0 / static_cast<double>(histogram.size()) * scale;
  const double from = center - 5 * scale;
  std::vector<double> cuts;
  std::int64_t below = 0;
  std::int64_t reached = 0;  // so many of the bins are full
  for (std::size_t b = 0; b < histogram.size(); ++b) {
    if (histogram[b] == 0) continue;
    below += histogram[b];
    if (below == total || below * bins / total <= reached) continue;
    reached = below * bins / total;
    std::size_t next = b + 1;
    while (histogram[next] == 0) ++next;
    const double low = from + width * static_cast<double>(b + 1);
    const double high = from + width * static_cast<double>(next);
    const double gap = high - low;
    const double margin = next == b + 1 ? -width / 2 : gap / 4;
    const double cut = ShortestBetween(low + margin, high - margin, low + gap / 2);
    if (cuts.empty() || cut > cuts.back()) cuts.push_back(cut);
  }
  return cuts;
}

void DropCutsNear(const std::vector<double>& others, const std::vector<std::int64_t>& histogram,
                  double center, double scale, std::int64_t minimum, std::vector<double>& cuts) {
  const double width = 10.0 / static_cast<double>(histogram.size()) * scale;
  const auto between = [&](double low, double high) {
    const double from = center - 5 * scale;
    const double last = static_cast<double>(histogram.size());
    const double first = std::clamp(std::ceil((low - from) / width), 0.0, last);
    const double end = std::clamp(std::floor((high - from) / width), first, last);
    std::int64_t persons = 0;
    for (auto b = static_cast<std::size_t>(first); b < static_cast<std::size_t>(end); ++b) {
      persons += histogram[b];
    }
    return persons;
  };
  std::erase_if(cuts, [&](double cut) {
    return std::ranges::any_of(others, [&](double other) {
      return between(std::min(cut, other), std::max(cut, other)) < minimum;
    });
  });
}

// --- Cells -------------------------------------------------------------------------------------------

PolicyCells::PolicyCells(const std::vector<Feature>& features, std::int64_t depth)
    : features_(depth > 1 ? features.size() : 0) {
  const auto add = [&](std::size_t first, std::size_t second) {
    const Plane plane{.first = first,
                      .second = second,
                      .offset = size_,
                      .rows = features[first].width(),
                      .columns = first == second ? 1 : features[second].width()};
    planes_.push_back(plane);
    size_ += plane.rows * plane.columns;
  };
  for (std::size_t f = 0; f < features.size(); ++f) {
    add(f, f);
    for (std::size_t g = f + 1; g < features_; ++g) add(f, g);
  }
}

std::size_t PolicyCells::PlaneOf(std::size_t first, std::size_t second) const {
  // Before feature f stand the planes of those before it, with all that follow each.
  if (features_ == 0) return first;
  return first * features_ - first * (first + 1) / 2 + second;
}

// --- Groups ------------------------------------------------------------------------------------------

namespace {

std::vector<std::int64_t> Each(std::size_t bins) {
  std::vector<std::int64_t> first;
  for (std::size_t b = 0; b < bins; ++b) first.push_back(static_cast<std::int64_t>(b));
  return first;
}

std::size_t GroupFor(const std::vector<std::int64_t>& first, std::size_t bin) {
  return GroupOfBin(first, static_cast<std::int64_t>(bin));
}

/// One plane's cells while they are joined.
class Joining {
 public:
  Joining(const PolicyCells::Plane& plane, std::size_t cells, const PolicyCounts& counts,
          const PolicyShown& shown, PolicyGroups groups)
      : plane_(plane), cells_(cells), counts_(counts), shown_(shown), groups_(std::move(groups)) {}

  PolicyGroups Run() {
    while (groups_.rows.size() * groups_.columns.size() > 1) {
      Sum();
      const std::size_t worst = Worst();
      if (worst == persons_.size()) break;
      const std::size_t group = worst % (groups_.rows.size() * groups_.columns.size());
      Join(group / groups_.columns.size(), group % groups_.columns.size());
    }
    return std::move(groups_);
  }

 private:
  void Sum() {
    const std::size_t columns = groups_.columns.size();
    const std::size_t size = groups_.rows.size() * columns;
    const auto folds = static_cast<std::size_t>(counts_.folds);
    persons_.assign(folds * size, 0);
    sites_.assign(folds * size, 0);
    row_persons_.assign(groups_.rows.size(), 0);
    column_persons_.assign(columns, 0);
    for (std::size_t i = 0; i < plane_.rows; ++i) {
      for (std::size_t j = 0; j < plane_.columns; ++j) {
        const std::size_t row = GroupFor(groups_.rows, i);
        const std::size_t column = GroupFor(groups_.columns, j);
        for (std::size_t fold = 0; fold < folds; ++fold) {
          const std::size_t cell = fold * cells_ + plane_.offset + i * plane_.columns + j;
          const std::size_t at = fold * size + row * columns + column;
          persons_[at] += counts_.persons[cell];
          sites_[at] = std::max(sites_[at], counts_.sites[cell]);
          row_persons_[row] += counts_.persons[cell];
          column_persons_[column] += counts_.persons[cell];
        }
      }
    }
  }

  /// The first of those with the fewest persons that may not be told; the size where there is none.
  std::size_t Worst() const {
    std::size_t worst = persons_.size();
    for (std::size_t i = 0; i < persons_.size(); ++i) {
      if (shown_(persons_[i], sites_[i])) continue;
      if (worst == persons_.size() || persons_[i] < persons_[worst]) worst = i;
    }
    return worst;
  }

  void Join(std::size_t row, std::size_t column) {
    std::int64_t least = std::numeric_limits<std::int64_t>::max();
    std::vector<std::int64_t>* of = nullptr;
    std::size_t upper = 0;
    const auto offer = [&](std::vector<std::int64_t>& groups,
                           const std::vector<std::int64_t>& persons, std::size_t own,
                           std::size_t other) {
      if (persons[own] + persons[other] >= least) return;
      least = persons[own] + persons[other];
      of = &groups;
      upper = std::max(own, other);
    };
    if (row > 0) offer(groups_.rows, row_persons_, row, row - 1);
    if (row + 1 < groups_.rows.size()) offer(groups_.rows, row_persons_, row, row + 1);
    if (column > 0) offer(groups_.columns, column_persons_, column, column - 1);
    if (column + 1 < groups_.columns.size()) {
      offer(groups_.columns, column_persons_, column, column + 1);
    }
    of->erase(of->begin() + static_cast<std::ptrdiff_t>(upper));
  }

  const PolicyCells::Plane& plane_;  // not owned, outlives this
  std::size_t cells_;
  const PolicyCounts& counts_;  // not owned, outlives this
  const PolicyShown& shown_;    // not owned, outlives this
  PolicyGroups groups_;
  std::vector<std::int64_t> persons_{}, sites_{};  ///< by fold and group
  std::vector<std::int64_t> row_persons_{}, column_persons_{};
};

bool Rises(const std::vector<std::int64_t>& first, std::size_t bins) {
  return !first.empty() && first.front() == 0 &&
         std::ranges::is_sorted(first, std::less_equal<>()) &&
         first.back() < static_cast<std::int64_t>(bins);
}

}  // namespace

std::vector<PolicyGroups> SingleBins(const PolicyCells& cells) {
  std::vector<PolicyGroups> groups;
  for (const PolicyCells::Plane& plane : cells.planes()) {
    groups.push_back({.rows = Each(plane.rows), .columns = Each(plane.columns)});
  }
  return groups;
}

std::vector<PolicyGroups> JoinCells(const PolicyCells& cells, const PolicyCounts& counts,
                                    const PolicyShown& shown) {
  // What is missing is no bin of its own where nobody lacks it: sums of nobody are numbers, too.
  const auto bins_of = [&](const PolicyCells::Plane& plane) {
    std::int64_t missing = 0;
    for (std::size_t at = plane.offset + plane.rows - 1; at < counts.persons.size();
         at += cells.size()) {
      missing += counts.persons[at];
    }
    return plane.rows - (missing == 0 ? 1 : 0);
  };
  std::vector<PolicyGroups> groups(cells.planes().size());
  for (const bool alone : {true, false}) {
    for (std::size_t p = 0; p < groups.size(); ++p) {
      const PolicyCells::Plane& plane = cells.planes()[p];
      if ((plane.first == plane.second) != alone) continue;
      const auto own = [&](std::size_t feature) {
        return groups[cells.PlaneOf(feature, feature)].rows;
      };
      PolicyGroups start{.rows = Each(bins_of(plane)), .columns = {0}};
      if (!alone) start = {.rows = own(plane.first), .columns = own(plane.second)};
      groups[p] = Joining(plane, cells.size(), counts, shown, std::move(start)).Run();
    }
  }
  return groups;
}

bool PolicyGrouping::Fits(const PolicyCells& cells, const std::vector<PolicyGroups>& groups) {
  if (groups.size() != cells.planes().size()) return false;
  for (std::size_t p = 0; p < groups.size(); ++p) {
    const PolicyCells::Plane& plane = cells.planes()[p];
    if (!Rises(groups[p].rows, plane.rows) || !Rises(groups[p].columns, plane.columns)) {
      return false;
    }
    const auto no_finer = [&](const std::vector<std::int64_t>& first, std::size_t feature) {
      return std::ranges::includes(groups[cells.PlaneOf(feature, feature)].rows, first);
    };
    if (!no_finer(groups[p].rows, plane.first)) return false;
    if (plane.first != plane.second && !no_finer(groups[p].columns, plane.second)) return false;
  }
  return true;
}

PolicyGrouping::PolicyGrouping(const PolicyCells& cells, const std::vector<PolicyGroups>& groups)
    : group_of_cell_(cells.size()) {
  for (std::size_t p = 0; p < groups.size(); ++p) {
    const PolicyCells::Plane& plane = cells.planes()[p];
    first_.push_back(size_);
    for (std::size_t i = 0; i < plane.rows; ++i) {
      for (std::size_t j = 0; j < plane.columns; ++j) {
        group_of_cell_[plane.offset + i * plane.columns + j] =
            size_ + GroupFor(groups[p].rows, i) * groups[p].columns.size() +
            GroupFor(groups[p].columns, j);
      }
    }
    size_ += groups[p].rows.size() * groups[p].columns.size();
  }
}

PolicyCounts PolicyGrouping::Sum(const PolicyCounts& counts) const {
  PolicyCounts sum{.folds = counts.folds};
  const auto folds = static_cast<std::size_t>(counts.folds);
  sum.persons.assign(folds * size_, 0);
  sum.sites.assign(folds * size_, 0);
  for (std::size_t i = 0; i < counts.persons.size(); ++i) {
    const std::size_t fold = i / group_of_cell_.size();
    const std::size_t at = fold * size_ + group_of_cell_[i % group_of_cell_.size()];
    sum.persons[at] += counts.persons[i];
    sum.sites[at] = std::max(sum.sites[at], counts.sites[i]);
  }
  return sum;
}

}  // namespace clinnova::learn
