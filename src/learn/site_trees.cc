// SPDX-License-Identifier: Apache-2.0
#include "learn/site_trees.h"

#include <algorithm>
#include <limits>

#include "core/hash.h"
#include "core/mix.h"
#include "learn/made_once.h"
#include "learn/row_parts.h"

namespace clinnova::learn {
namespace {

using federation::SiteView;

tl::unexpected<Error> WrongLayout(const std::string& what) {
  return Fail(ErrorCode::kRefused, what, "wrong_layout");
}

/// What the binned rows depend on.
struct BinningKey {
  core::Bytes source;
  std::vector<Feature> features;
  template <class A>
  void Fields(A& a) {
    a(source);
    a(features);
  }
};

/// Distribution function of the Poisson number of mean 1, until it is 1 in doubles.
constexpr double kPoisson[] = {0.36787944117144233, 0.73575888234288467, 0.91969860292860584,
                               0.98101184312384626, 0.99634015317265634, 0.99940581518241833,
                               0.99991675885070199, 0.99998975080331242, 0.99999887479739123,
                               0.99999988857451116, 0.99999998995222315, 0.99999999916838922,
                               0.99999999993640309};

/// True when `tree` begins as `begun` does: every split of `begun` is one of `tree`.
bool Continues(const Tree& tree, const Tree& begun) {
  if (begun.size() > tree.size()) return false;
  for (std::size_t at = 0; at < begun.size(); ++at) {
    if (begun[at].leaf) continue;
    if (tree[at].leaf || tree[at].left != begun[at].left || !(tree[at].split == begun[at].split)) {
      return false;
    }
  }
  return true;
}

/// Adds each row's own base; kRefused where a row's stratum has none.
Result<void> AddStratumBases(const TrainingRows& rows, const std::vector<double>& bases,
                             std::vector<double>& score) {
  if (bases.empty()) return {};
  if (rows.stratum.size() != rows.rows()) return WrongLayout("bases of strata that are not there");
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    const auto stratum = static_cast<std::size_t>(rows.stratum[r]);
    if (stratum >= bases.size()) return WrongLayout("a stratum without a base");
    score[r] += bases[stratum];
  }
  return {};
}

}  // namespace

RowsResult RowsOf(RowsFunction make, const SiteView& site, core::ByteView source) {
  const std::string key =
      "training rows " + site.analysis.name() + " " + core::ToHex(core::Blake2b(source));
  return MakeOnce<RowsResult>(site.cache, key, [&] { return make(site, source); });
}

Result<void> CheckFeatures(const SiteView& site, const TrainingRows& rows,
                           const std::vector<Feature>& features) {
  for (const Feature& feature : features) {
    const bool allowed =
        std::binary_search(rows.columns.begin(), rows.columns.end(), feature.column) &&
        feature.column < site.table.schema.columns.size();
    if (!allowed) return WrongLayout("a feature that the analysis does not name");
    const table::ColumnSchema& column = site.table.schema.columns[feature.column];
    const bool factor = column.kind == table::ColumnKind::kFactor;
    if (factor != feature.factor() || (factor && column.levels.size() != feature.levels) ||
        feature.bins() > kMostBins || !std::is_sorted(feature.cuts.begin(), feature.cuts.end())) {
      return WrongLayout("a feature that does not fit its column");
    }
  }
  return {};
}

void ReadNumbers(const SiteView& site, const TrainingRows& rows, const Feature& feature,
                 std::size_t first, std::size_t count, std::vector<double>& values) {
  values.resize(count);
  const std::vector<double>& numbers = site.table.column(feature.column).numbers;
  for (std::size_t r = 0; r < count; ++r) values[r] = numbers[rows.source_row[first + r]];
}

Result<void> HoldScopes(const SiteView& site, const std::vector<RunScope>& runs) {
  return HoldBySite(site, std::any_of(runs.begin(), runs.end(),
                                      [](const RunScope& run) { return run.without_site >= 0; }));
}

Result<void> HoldBySite(const SiteView& site, bool by_site) {
  CLINNOVA_ASSIGN(const bool released, site.analysis.Flag("release_sites", false));
  if (!by_site || released) return {};
  return Fail(ErrorCode::kRefused,
              "the round would show single sites' numbers; the study does not say "
              "release_sites = true",
              "sites_not_released");
}

std::int32_t SiteOfRow(const SiteView& site, const TrainingRows& rows, std::size_t row) {
  return site.table.columns.back().codes[rows.source_row[row]];
}

std::vector<std::uint8_t> RowsInScope(const SiteView& site, const TrainingRows& rows,
                                      const RunScope& scope) {
  std::vector<std::uint8_t> use(rows.rows(), 1);
  if (scope == RunScope{}) return use;
  // A stratum of rows that have none is nobody.
  if (scope.only_stratum >= 0 && rows.stratum.size() != rows.rows()) {
    return std::vector<std::uint8_t>(rows.rows(), 0);
  }
  for (std::size_t r = 0; r < use.size(); ++r) {
    const bool left_out =
        (scope.without_fold != 0 && rows.fold[r] == scope.without_fold) ||
        (scope.nor_fold != 0 && rows.fold[r] == scope.nor_fold) ||
        (scope.only_stratum >= 0 && rows.stratum[r] != scope.only_stratum) ||
        (scope.without_site >= 0 && SiteOfRow(site, rows, r) == scope.without_site);
    use[r] = left_out ? 0 : 1;
  }
  return use;
}

int Draws(const TreeClaim& claim, std::uint64_t number, std::uint64_t key) {
  const bool whole = claim.half == TreeHalf::kWhole;
  if (whole && !claim.bootstrap && claim.subsample >= 1) return 1;
  const double u = KeyedUniform(key, core::MixNext(claim.seed) + number);
  if (!whole) {
    const bool grows = u < claim.subsample / 2;
    return (claim.half == TreeHalf::kGrowing ? grows : !grows && u < claim.subsample) ? 1 : 0;
  }
  if (!claim.bootstrap) return u < claim.subsample ? 1 : 0;
  return static_cast<int>(std::upper_bound(std::begin(kPoisson), std::end(kPoisson), u) -
                          std::begin(kPoisson));
}

Result<std::shared_ptr<const SiteTrees>> SiteTrees::Of(RowsFunction make, const SiteView& site,
                                                       const TreeClaim& claim) {
  const core::Bytes about = core::Encode(BinningKey{claim.source, claim.features});
  const std::string key = "trees " + site.analysis.name() + " " + core::ToHex(core::Blake2b(about));
  using Made = Result<std::shared_ptr<const SiteTrees>>;
  return MakeOnce<Made>(site.cache, key, [&]() -> Made {
    CLINNOVA_ASSIGN(const std::shared_ptr<const TrainingRows> rows,
                    RowsOf(make, site, claim.source));
    CLINNOVA_TRY(CheckFeatures(site, *rows, claim.features));
    BinnedRows binned{.rows = rows, .bins = {}, .features = claim.features.size()};
    binned.bins.resize(rows->rows() * binned.features);
    ForEachPart(PartsOf(rows->rows()), site.threads, [&](std::size_t part) {
      const std::size_t first = part * kRowsPerPart;
      const std::size_t count = std::min(kRowsPerPart, rows->rows() - first);
      std::vector<double> values;
      std::vector<std::uint8_t> bins(count);
      for (std::size_t f = 0; f < binned.features; ++f) {
        const Feature& feature = claim.features[f];
        if (feature.factor()) {
          const table::Column& column = site.table.column(feature.column);
          for (std::size_t r = 0; r < count; ++r) {
            bins[r] = BinAt(column, rows->source_row[first + r], feature);
          }
        } else {
          ReadNumbers(site, *rows, feature, first, count, values);
          BinsOf(feature.cuts, values, static_cast<std::uint8_t>(feature.missing_bin()), bins);
        }
        std::uint8_t* out = binned.bins.data() + first * binned.features + f;
        for (std::size_t r = 0; r < count; ++r) out[r * binned.features] = bins[r];
      }
    });
    return std::make_shared<const SiteTrees>(std::move(binned));
  });
}

Result<const std::vector<double>*> SiteTrees::Scores(const SiteView& site, const TreeClaim& claim,
                                                     std::size_t index) const {
  if (index >= claim.runs.size()) return WrongLayout("a run that is not there");
  const RunState& asked = claim.runs[index];
  if (runs_.size() <= index) runs_.resize(index + 1);
  Run& run = runs_[index];
  const TrainingRows& rows = *binned_.rows;
  const bool goes_on = run.score.size() == rows.rows() && run.base == asked.base &&
                       run.stratum_base == asked.stratum_base && run.scope == asked.scope &&
                       run.trees.size() <= asked.trees.size() &&
                       std::equal(run.trees.begin(), run.trees.end(), asked.trees.begin());
  if (!goes_on) {
    run = Run{.scope = asked.scope,
              .base = asked.base,
              .trees = {},
              .stratum_base = asked.stratum_base,
              .score = {}};
    run.score.assign(rows.rows(), asked.base);
    for (std::size_t r = 0; r < rows.offset.size(); ++r) run.score[r] += rows.offset[r];
    CLINNOVA_TRY(AddStratumBases(rows, asked.stratum_base, run.score));
  }
  for (std::size_t t = run.trees.size(); t < asked.trees.size(); ++t) {
    CLINNOVA_ASSIGN(const Tree tree, UnpackTree(asked.trees[t], claim.features));
    const LeafFinder finder(tree, claim.features);
    ForEachPart(PartsOf(rows.rows()), site.threads, [&](std::size_t part) {
      const std::size_t first = part * kRowsPerPart;
      std::vector<std::uint32_t> leaves(std::min(kRowsPerPart, rows.rows() - first));
      finder.Find(binned_.row(first), binned_.features, leaves);
      for (std::size_t r = 0; r < leaves.size(); ++r) {
        run.score[first + r] += tree[leaves[r]].value;
      }
    });
    run.trees.push_back(asked.trees[t]);
    run.current = false;
  }
  return &run.score;
}

Result<SiteTrees::Gradients> SiteTrees::GradientsOf(const SiteView& site, const TreeClaim& claim,
                                                    std::size_t index,
                                                    const NodeUnits& units) const {
  if (index >= claim.runs.size()) return WrongLayout("a run that is not there");
  // Runs of halves have the same scores, and which rows are a tree's is PlaceRows' to say: one set serves them all.
  const bool shared = claim.half != TreeHalf::kWhole;
  if (shared) index = 0;
  CLINNOVA_ASSIGN(const std::vector<double>* score, Scores(site, claim, index));
  Run& run = runs_[index];
  const TrainingRows& rows = *binned_.rows;
  if (!run.current || !(run.units == units)) {
    const std::vector<std::uint8_t> use =
        shared ? std::vector<std::uint8_t>(rows.rows(), 1) : RowsInScope(site, rows, run.scope);
    run.gradients.resize(rows.rows());
    if (claim.objective == Objective::kCox) {
      std::vector<double> slope(rows.rows());
      std::vector<double> curvature(rows.rows());
      Differentiate(claim.objective, claim.max_delta_step, {.first = 0, .rows = &rows}, *score, use,
                    slope, curvature);
      run.range = QuantiseRows(units, slope, curvature, run.gradients.data());
    } else {
      run.range = DifferentiateParts(site, claim, use, *score, units, run.gradients);
    }
    run.units = units;
    run.current = true;
  }
  return Gradients{run.gradients.data(), run.range};
}

RowRange SiteTrees::DifferentiateParts(const SiteView& site, const TreeClaim& claim,
                                       std::span<const std::uint8_t> use,
                                       std::span<const double> score, const NodeUnits& units,
                                       std::vector<RowSums>& gradients) const {
  std::mutex mutex;
  RowRange all;
  ForEachPart(PartsOf(score.size()), site.threads, [&](std::size_t part) {
    const std::size_t first = part * kRowsPerPart;
    const std::size_t count = std::min(kRowsPerPart, score.size() - first);
    std::vector<double> slope(count);
    std::vector<double> curvature(count);
    Differentiate(claim.objective, claim.max_delta_step,
                  {.first = first, .rows = binned_.rows.get()}, score.subspan(first, count),
                  use.subspan(first, count), slope, curvature);
    const RowRange range = QuantiseRows(units, slope, curvature, gradients.data() + first);
    const std::lock_guard lock(mutex);
    all.slopes = all.slopes && range.slopes;
    all.curvatures = all.curvatures && range.curvatures;
  });
  return all;
}

std::size_t SiteTrees::LeftFirst(const Split& split, const TreeClaim& claim,
                                 std::span<std::uint32_t> sample) const {
  constexpr std::size_t kAhead = 16;  // prefetched: a row's bins lie anywhere
  const auto feature = static_cast<std::size_t>(split.feature);
  const auto left = split.LeftByBin(claim.features[feature]);
  thread_local std::vector<std::uint32_t> right;
  right.resize(sample.size());
  std::size_t lefts = 0;
  std::size_t rights = 0;
  // As std::stable_partition does, without a branch that the bins decide.
  for (std::size_t i = 0; i < sample.size(); ++i) {
    if (i + kAhead < sample.size()) {
      __builtin_prefetch(binned_.row(sample[i + kAhead] & ~kAgain) + feature);
    }
    const std::uint32_t entry = sample[i];
    const std::size_t goes_left = left[binned_.row(entry & ~kAgain)[feature]];
    sample[lefts] = entry;
    right[rights] = entry;
    lefts += goes_left;
    rights += 1 - goes_left;
  }
  std::copy_n(right.begin(), rights, sample.begin() + static_cast<std::ptrdiff_t>(lefts));
  return lefts;
}

void SiteTrees::SendDown(const SiteView& site, const TreeClaim& claim, const Tree& tree,
                         Placement& placement) const {
  const std::size_t begun = placement.range.size();
  placement.range.resize(tree.size());
  std::vector<std::size_t> divided;
  for (std::size_t at = 0; at < tree.size(); ++at) {
    if (tree[at].leaf || (at < begun && !placement.tree[at].leaf)) continue;
    // Parents come before their children, so a range is known when its node is reached; those whose parent is divided
    // in this call wait for it.
    divided.push_back(at);
  }
  while (!divided.empty()) {
    std::vector<std::size_t> ready;
    std::vector<std::size_t> waiting;
    for (const std::size_t at : divided) {
      const bool parent_waits = std::any_of(divided.begin(), divided.end(), [&](std::size_t other) {
        return other != at && (tree[other].left == at || tree[other].right() == at);
      });
      (parent_waits ? waiting : ready).push_back(at);
    }
    ForEachPart(ready.size(), site.threads, [&](std::size_t i) {
      const TreeNode& node = tree[ready[i]];
      const auto [first, last] = placement.range[ready[i]];
      const std::span sample = std::span(placement.rows).subspan(first, last - first);
      const auto cut = first + static_cast<std::uint32_t>(LeftFirst(node.split, claim, sample));
      placement.range[node.left] = {first, cut};
      placement.range[node.right()] = {cut, last};
    });
    divided = std::move(waiting);
  }
  placement.tree = tree;
}

Result<const SiteTrees::Placement*> SiteTrees::PlaceRows(const SiteView& site,
                                                         const TreeClaim& claim,
                                                         const GrowingTree& growing) const {
  if (growing.run >= claim.runs.size()) return WrongLayout("a run that is not there");
  CLINNOVA_ASSIGN(const Tree tree, UnpackTree(growing.nodes, claim.features));
  const std::pair key(growing.run, growing.number);
  if (!claim.bootstrap && claim.half == TreeHalf::kWhole) {  // an earlier tree is finished
    std::erase_if(placements_, [&](const auto& entry) {
      return entry.first.first == key.first && entry.first.second != key.second;
    });
  }
  const RunScope& scope = claim.runs[growing.run].scope;
  const auto found = placements_.find(key);
  if (found != placements_.end() && found->second.scope == scope &&
      found->second.half == claim.half && Continues(tree, found->second.tree)) {
    SendDown(site, claim, tree, found->second);
    return &found->second;
  }
  Placement placement{
      .scope = scope, .half = claim.half, .tree = {TreeNode{}}, .rows = {}, .range = {}};
  const TrainingRows& rows = *binned_.rows;
  const std::vector<std::uint8_t> use = RowsInScope(site, rows, scope);
  for (std::uint32_t r = 0; r < rows.rows(); ++r) {
    if (use[r] == 0) continue;
    const int draws = Draws(claim, growing.number, rows.key[r]);
    for (int i = 0; i < draws; ++i) placement.rows.push_back(i == 0 ? r : r | kAgain);
  }
  placement.range = {{0, static_cast<std::uint32_t>(placement.rows.size())}};
  SendDown(site, claim, tree, placement);
  return &placements_.insert_or_assign(key, std::move(placement)).first->second;
}

}  // namespace clinnova::learn
